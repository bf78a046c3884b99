/** Stretches a room code off the page, which would stand still for a quarter of a second. */
import * as Comlink from "comlink";
import { stretch } from "./stretched-code.ts";

const desk = { stretch };
export type StretchDesk = typeof desk;

Comlink.expose(desk);
