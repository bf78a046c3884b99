import SimplePeer from "simple-peer";

Object.assign(window, { SimplePeer });
