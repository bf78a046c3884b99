/**
 * Without this script the page is complete too. It opens the part for this device, finds out whether the device trusts
 * the computer already, and keeps the room code of the link.
 */

const byId = (id) => document.getElementById(id);

/** iPads say that they are Macs; Macs have no touch screen. */
function device({ userAgent, maxTouchPoints }) {
  if (/android/i.test(userAgent)) return "android";
  if (/iphone|ipad|ipod/i.test(userAgent) || (/macintosh/i.test(userAgent) && maxTouchPoints > 1))
    return "ios";
  if (/\bCrOS\b/.test(userAgent)) return "chromeos";
  if (/windows/i.test(userAgent)) return "windows";
  return /macintosh/i.test(userAgent) ? "macos" : "linux";
}

const own = byId(device(navigator));
own.open = true;
byId("device").querySelector("details").before(own);
if (/firefox/i.test(navigator.userAgent)) byId("firefox").open = true;

/** The code of a private room stands behind the # and reaches no server, so only a script can pass it on. */
for (const link of document.querySelectorAll("a[data-room]")) link.hash = location.hash;

/** Scrolls without a new address: it would lose that code when a phone loads the page again. */
for (const link of document.querySelectorAll('a[href^="#"]'))
  link.addEventListener("click", (event) => {
    event.preventDefault();
    document.querySelector(link.getAttribute("href")).scrollIntoView();
  });

/** The connection succeeds only if the device accepts the certificate. The answer itself does not matter. */
async function look() {
  const { origin } = new URL(byId("trusted").querySelector("a").href);
  const isTrusted = await fetch(`${origin}/trust/reached`, { mode: "no-cors", cache: "no-store" }).then(
    () => true,
    () => false,
  );
  byId("trusted").hidden = !isTrusted;
  byId("untrusted").hidden = isTrusted;
}

void look();
// A person comes back from the settings of the device.
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") void look();
});
window.addEventListener("focus", () => void look());
