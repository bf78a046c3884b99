import { expect, test } from "vitest";
import { fileIdOf } from "../../src/names/file-id.ts";
import { Offers, type OffersEvent } from "../../src/people/offers.ts";
import type { PeerId } from "../../src/names/peer-id.ts";

const [BEN, EVE] = ["ben", "eve"] as PeerId[] as [PeerId, PeerId];
const files = [{ file: fileIdOf(new Uint8Array(32), 1000), name: "song.mp3" }];

const newOffers = () => {
  const events: OffersEvent[] = [];
  const offers = new Offers((event) => void events.push(event));
  const notices = () =>
    events.flatMap((event) =>
      event.type === "output" && event.output.type === "notice" ? [event.output.notice] : [],
    );
  const refused = () =>
    events.flatMap((event) => (event.type === "refuse" ? [`${event.peer} ${event.refusal}`] : []));
  /** @returns its number */
  const offerTo = (to: PeerId): number => {
    offers.offer(to, files);
    const made = events.at(-1);
    if (made?.type !== "errand" || made.frame.type !== "offer") throw new Error("no offer was made");
    return made.frame.id;
  };
  return { offers, events, notices, refused, offerTo };
};

test("[T4] an offer or an answer is an errand to that peer, linked or not", () => {
  const { offers, events } = newOffers();
  offers.offer(BEN, files);
  offers.answer(EVE, 7, true);
  expect(events).toEqual([
    { type: "errand", to: BEN, frame: { type: "offer", id: 1, files } },
    { type: "errand", to: EVE, frame: { type: "offer-answer", id: 7, accepted: true } },
  ]);
});

test("[T4] a flood of offers is shown at a bounded rate, and does not hide those of others", () => {
  const { offers, notices, refused } = newOffers();
  for (let id = 0; id < 1_000; id++) offers.frame(EVE, { type: "offer", id, files }, id);
  offers.frame(BEN, { type: "offer", id: 7, files }, 1_000);
  expect(notices().slice(5)).toEqual([{ type: "offer", from: BEN, id: 7, files }]);
  expect(new Set(refused())).toEqual(new Set(["eve too-many-requests"]));
  offers.frame(EVE, { type: "offer", id: 2_000, files }, 11_000);
  expect(notices()).toHaveLength(7);
});

test("[T5] an answer counts once, from the one who was asked, also over a later link", () => {
  const { offers, notices, refused, offerTo } = newOffers();
  const id = offerTo(BEN);
  offers.frame(EVE, { type: "offer-answer", id, accepted: true }, 0);
  offers.frame(BEN, { type: "offer-answer", id: id + 1, accepted: true }, 0);
  expect(notices()).toEqual([]);
  offers.peerDown(BEN);
  for (let i = 0; i < 2; i++) offers.frame(BEN, { type: "offer-answer", id, accepted: false }, 0);
  expect(notices()).toEqual([{ type: "offer-answered", by: BEN, accepted: false }]);
  expect(refused()).toEqual(["eve bad-request", "ben bad-request", "ben bad-request"]);
});

test("[T5] the last 256 offers may be answered", () => {
  const { offers, notices, offerTo } = newOffers();
  const ids = Array.from({ length: 257 }, () => offerTo(BEN));
  for (const id of ids) offers.frame(BEN, { type: "offer-answer", id, accepted: true }, 0);
  expect(notices()).toHaveLength(256);
});
