/** Checks signatures off the page: see ../run/verifier.ts. */
import * as Comlink from "comlink";
import { verify } from "../run/signature.ts";

const desk = { verify };
export type VerifyDesk = typeof desk;

Comlink.expose(desk);
