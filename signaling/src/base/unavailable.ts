/** Thrown by calls that need another computer, when it gives no answer in time. It is no fault of this program. */
export class Unavailable extends Error {
  override readonly name = "Unavailable";
}
