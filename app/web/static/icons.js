// The studio's icons: 20 x 20, drawn with one line of 1.5 px.
const SHAPES = {
  logo: "M3 14c3-1 3-7 7-8s4 5 7 4M3 14h.01M17 10h.01",
  brush: "M12.5 4.5l3 3L8 15l-4 1 1-4zM10.5 6.5l3 3",
  eraser: "M8 16l-4-4 7-7a1.4 1.4 0 012 0l3 3a1.4 1.4 0 010 2l-6 6zM7.5 8.5l5 5M8 16h8.5",
  point: "M10 12a2 2 0 100-4 2 2 0 000 4zM10 3v2.5M10 14.5V17M3 10h2.5M14.5 10H17",
  ignore: "M10 17a7 7 0 100-14 7 7 0 000 14zM5.2 14.8l9.6-9.6",
  undo: "M7.5 5L4 8.5 7.5 12M4.5 8.5H12a4 4 0 010 8H9",
  redo: "M12.5 5L16 8.5 12.5 12M15.5 8.5H8a4 4 0 000 8h3",
  plus: "M10 4.5v11M4.5 10h11",
  minus: "M4.5 10h11",
  fit: "M4 7.5V4h3.5M12.5 4H16v3.5M16 12.5V16h-3.5M7.5 16H4v-3.5",
  eye: "M2.5 10S5 5 10 5s7.5 5 7.5 5-2.5 5-7.5 5-7.5-5-7.5-5zM10 12a2 2 0 100-4 2 2 0 000 4z",
  "eye-off": "M3 3l14 14M8 5.3A7 7 0 0110 5c5 0 7.5 5 7.5 5a13 13 0 01-2.3 2.9M5.4 6.4A13 13 0 002.5 10S5 15 10 15a7 7 0 003-.7",
  layers: "M10 3l7 3.8-7 3.7-7-3.7zM3.5 10l6.5 3.5 6.5-3.5M3.5 13.3L10 16.8l6.5-3.5",
  fade: "M10 3s5 5 5 8.5a5 5 0 01-10 0C5 8 10 3 10 3zM10 3v13.5",
  ghosts: "M4.5 4h11a.5.5 0 01.5.5v11a.5.5 0 01-.5.5h-11a.5.5 0 01-.5-.5v-11a.5.5 0 01.5-.5zM4.5 10.5l5 5M4.5 4.5l11 11M10.5 4.5l5 5",
  more: "M5 10h.01M10 10h.01M15 10h.01",
  check: "M4.5 10.5l3.5 3.5 7.5-8",
  close: "M5 5l10 10M15 5L5 15",
  cloud: "M6 15a3.5 3.5 0 01-.4-7A4.7 4.7 0 0114.7 8.6 3.2 3.2 0 0114.5 15z",
  "cloud-off": "M3 3l14 14M5.6 8A3.5 3.5 0 006 15h8M8 5.7a4.7 4.7 0 016.7 2.9 3.2 3.2 0 012.4 4.7",
  sync: "M16 8a6.3 6.3 0 00-11.3-1.5M4 12a6.3 6.3 0 0011.3 1.5M4.5 3.5v3h3M15.5 16.5v-3h-3",
  sun: "M10 13a3 3 0 100-6 3 3 0 000 6zM10 2.5v1.5M10 16v1.5M2.5 10H4M16 10h1.5M4.7 4.7l1 1M14.3 14.3l1 1M4.7 15.3l1-1M14.3 5.7l1-1",
  moon: "M16 11.5A6.5 6.5 0 018.5 4a6.5 6.5 0 107.5 7.5z",
  system: "M3 4.5h14v9H3zM7 16.5h6M10 13.5v3",
  help: "M10 17a7 7 0 100-14 7 7 0 000 14zM8 8a2 2 0 113 1.7c-.7.4-1 .8-1 1.6M10 13.6h.01",
  play: "M6.5 4.5l9 5.5-9 5.5z",
  stop: "M5.5 5.5h9v9h-9z",
  download: "M10 3.5v9M6.5 9.5L10 13l3.5-3.5M4 16.5h12",
  trash: "M4 5.5h12M8 5.5v-2h4v2M5.5 5.5l.7 11h7.6l.7-11M8.5 8.5v5M11.5 8.5v5",
  pencil: "M4 16l.8-3.5 8.2-8.2a1.6 1.6 0 012.3 0l.4.4a1.6 1.6 0 010 2.3L7.5 15.2z",
  merge: "M5 4v3c0 3 5 3 5 6.5V16M15 4v3c0 3-5 3-5 6.5M7.5 13.5L10 16l2.5-2.5",
  restore: "M4 10a6 6 0 106-6 6 6 0 00-4.5 2M4.5 3v3.5H8M10 7v3.3l2.3 1.4",
  lock: "M5.5 9h9v7.5h-9zM7.5 9V6.5a2.5 2.5 0 015 0V9",
  search: "M9 14.5a5.5 5.5 0 100-11 5.5 5.5 0 000 11zM13 13l3.5 3.5",
  left: "M12 5l-5 5 5 5",
  right: "M8 5l5 5-5 5",
  down: "M5.5 8l4.5 4.5L14.5 8",
  warning: "M10 3.5l7 12.5H3zM10 8.5v3.5M10 14h.01",
  info: "M10 17a7 7 0 100-14 7 7 0 000 14zM10 9.5V13M10 7h.01",
  spark: "M10 3l1.6 4.4L16 9l-4.4 1.6L10 15l-1.6-4.4L4 9l4.4-1.6zM15.5 14v3M14 15.5h3",
  image: "M3.5 4.5h13v11h-13zM3.5 13l4-4 3.5 3.5 2-2 3.5 3.5M13 7.5h.01",
  code: "M7 6l-4 4 4 4M13 6l4 4-4 4M11 4.5l-2 11",
  cube: "M10 3l6 3.3v7.4L10 17l-6-3.3V6.3zM4 6.3l6 3.4 6-3.4M10 9.7V17",
  swipe: "M10 3v14M6.5 7.5L4 10l2.5 2.5M13.5 7.5L16 10l-2.5 2.5",
  flag: "M5 17V3.5M5 4.5h9l-2 3 2 3H5",
  droplet: "M10 3s5 5 5 8.5a5 5 0 01-10 0C5 8 10 3 10 3z",
};

const SVG = "http://www.w3.org/2000/svg";

/** Return a new SVG element with the named icon. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 20 20");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", SHAPES[name]);
  svg.append(path);
  return svg;
}
