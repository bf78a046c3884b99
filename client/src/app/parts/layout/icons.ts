/** Line drawings on a field of 24 by 24. */
export const ICONS = {
  find: "M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14M20 20l-4-4",
  library: "M3 6h6l2 3h10v10H3z",
  people:
    "M9 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8M2 20c1-5 13-5 14 0M17 4.500a4 4 0 0 1 0 7.300M22 20c-.2-2.400-1.800-3.600-4-4",
  transfers: "M7 4v15M3 15l4 4 4-4M17 20V5M13 9l4-4 4 4",
  settings: "M4 7h9M17 7h3M15 4.800v4.400M4 17h3M11 17h9M9 14.800v4.400",
  board: "M4 5h16v11H10l-5 4v-4H4zM8 9h8M8 12.500h5",
  message: "M4 6h16v12H4zM4 7l8 6 8-6",
  twins:
    "M8 6a3 3 0 1 0 0 6 3 3 0 0 0 0-6M16 6a3 3 0 1 0 0 6 3 3 0 0 0 0-6M2.500 19c.5-5 10.500-5 11 0M14 15c3-1.200 7 0 7.500 4",
  reply: "M9 7 4 12l5 5M4 12h9c4 0 7 2 7 6",
  send: "M4 12 20 4l-5 16-4-6zM11 14l4-5",
  pause: "M8 5v14M16 5v14",
  resume: "M7 5l12 7-12 7z",
  close: "M6 6l12 12M18 6L6 18",
  save: "M12 4v11M7 10l5 5 5-5M5 20h14",
  plus: "M12 5v14M5 12h14",
  folder: "M3 6h6l2 3h10v10H3zM12 12v5M9.500 14.500h5",
  link: "M10 14a4 4 0 0 0 6 0l3-3a4 4 0 0 0-6-6l-1 1M14 10a4 4 0 0 0-6 0l-3 3a4 4 0 0 0 6 6l1-1",
  lock: "M6 11h12v9H6zM8.500 11V8a3.500 3.500 0 0 1 7 0v3",
  eye: "M2 12c4-8 16-8 20 0-4 8-16 8-20 0M12 9.500a2.500 2.500 0 1 0 0 5 2.500 2.500 0 0 0 0-5",
  sun: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8M12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.400 1.400M17.600 17.600 19 19M19 5l-1.400 1.400M6.400 17.600 5 19",
  moon: "M20 14A8.500 8.500 0 0 1 10 4a8.500 8.500 0 1 0 10 10",
  warning: "M12 4 2.500 20h19zM12 10v5M12 17.500v.1",
  down: "M12 5v13M6 13l6 6 6-6",
  up: "M12 19V6M6 11l6-6 6 6",
  opened: "M5 9l7 7 7-7",
  closed: "M9 5l7 7-7 7",
} as const;

export type IconName = keyof typeof ICONS;
