/** The name of a newcomer until they choose another: two friendly words, always the same for one key. */
import type { PeerId } from "./peer-id.ts";

const MANNERS = (
  "Amber Bold Brave Bright Brisk Calm Candid Cheery Clever Cosmic Cosy Crimson Curious Dapper Daring Deft Eager Early " +
  "Emerald Fabled Fair Fearless Fleet Fond Gallant Gentle Gilded Glad Golden Grand Happy Hardy Honest Humble Ivory " +
  "Jolly Keen Kind Lively Loyal Lucky Lunar Mellow Merry Mighty Misty Modest Nimble Noble Patient Plucky Polite " +
  "Proud Quick Quiet Rapid Silver Snowy Sunny Swift Tidy Velvet Warm Witty"
).split(" ");
const ANIMALS = (
  "Alpaca Badger Bear Beaver Bison Bobcat Camel Caribou Cheetah Condor Coyote Crane Curlew Deer Dolphin Eagle Egret " +
  "Falcon Ferret Finch Fox Gazelle Gecko Gibbon Hare Hawk Hedgehog Heron Ibex Ibis Jackdaw Jaguar Kestrel Kiwi Koala " +
  "Lark Lemur Leopard Linnet Llama Lynx Magpie Marmot Marten Moose Narwhal Newt Ocelot Orca Osprey Otter Owl Panda " +
  "Pelican Puffin Quail Rabbit Raven Robin Seal Stork Swan Tapir Wren"
).split(" ");

/** It uses other digits of the key than the colour and the tag do. */
export const personNameOf = (peer: PeerId): string => {
  const manner = MANNERS[Number.parseInt(peer.slice(12, 16), 16) % MANNERS.length]!;
  const animal = ANIMALS[Number.parseInt(peer.slice(16, 20), 16) % ANIMALS.length]!;
  return `${manner} ${animal}`;
};
