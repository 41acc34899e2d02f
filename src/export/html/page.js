"use strict";
// One sound at a time, at one place in time: reference and metamer can take turns without a gap.
const player = (() => {
  let context = null, playing = null, wanted = 0;
  const decoded = new Map();
  const FADE = 0.008;

  function buffer(tile) {
    if (!decoded.has(tile)) {
      const text = atob(tile.dataset.sound);
      const bytes = new Uint8Array(text.length);
      for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
      decoded.set(tile, context.decodeAudioData(bytes.buffer));
    }
    return decoded.get(tile);
  }

  function silence() {
    if (!playing) return;
    const { source, volume, tile } = playing;
    source.onended = null;
    volume.gain.setTargetAtTime(0, context.currentTime, FADE / 3);
    source.stop(context.currentTime + 2 * FADE);
    playing = null;
    document.dispatchEvent(new CustomEvent("silent", { detail: tile }));
  }

  async function play(tile, from = 0, again = false) {
    context = context || new AudioContext();
    const turn = ++wanted;
    const resumed = context.resume();
    const sound = await buffer(tile);
    await resumed;
    if (turn !== wanted) return; // something else was asked for meanwhile
    silence();
    const source = context.createBufferSource(), volume = context.createGain();
    source.buffer = sound;
    source.loop = again;
    volume.gain.setValueAtTime(0, context.currentTime);
    volume.gain.linearRampToValueAtTime(1, context.currentTime + FADE);
    source.connect(volume).connect(context.destination);
    const offset = Math.min(Math.max(from, 0), sound.duration);
    source.start(0, offset);
    playing = { source, volume, tile, length: sound.duration, began: context.currentTime - offset };
    source.onended = () => { if (playing && playing.source === source) { playing = null; document.dispatchEvent(new CustomEvent("silent", { detail: tile })); } };
    document.dispatchEvent(new CustomEvent("heard", { detail: tile }));
  }

  function stop() { wanted++; silence(); }

  return {
    play, stop,
    tile: () => (playing ? playing.tile : null),
    time: () => (playing ? (context.currentTime - playing.began) % playing.length : 0),
    share: () => (playing ? ((context.currentTime - playing.began) % playing.length) / playing.length : 0),
    repeat: (again) => { if (playing) playing.source.loop = again; },
    state: () => (context ? context.state : "none"),
  };
})();

const $ = (id) => document.getElementById(id);
const viewer = $("viewer"), pair = $("viewer-pair"), status = $("status");
let chosen = null, flipped = false;

const groupOf = (tile) => tile.closest(".group");
const referenceOf = (tile) => groupOf(tile).querySelector("td.reference .tile");
const hears = (tile) => "sound" in tile.dataset;
const isReference = (tile) => tile === referenceOf(tile);

// The tiles of a table as rows; the reference stands at the head of each.
function grid(group) {
  const reference = group.querySelector("td.reference .tile");
  return [...group.querySelectorAll("tbody tr")].map((row) => {
    const cells = [...row.querySelectorAll("td:not(.reference)")].map((cell) => cell.querySelector(".tile"));
    return [reference, ...cells];
  });
}

const remembered = new WeakMap(); // the row in which a group's reference was reached

function position(tile) {
  const rows = grid(groupOf(tile));
  if (isReference(tile)) return { rows, row: remembered.get(groupOf(tile)) || 0, column: 0 };
  const row = rows.findIndex((cells) => cells.includes(tile));
  return { rows, row, column: rows[row].indexOf(tile) };
}

function choose(tile, focus = true) {
  const before = chosen;
  if (before) { before.classList.remove("chosen"); before.tabIndex = -1; }
  chosen = tile;
  tile.classList.add("chosen");
  tile.tabIndex = 0;
  if (!isReference(tile)) remembered.set(groupOf(tile), position(tile).row);
  flipped = false;
  if (focus && !viewer.open) { tile.focus({ preventScroll: true }); tile.scrollIntoView({ block: "nearest", inline: "nearest" }); }
  if (viewer.open) fill();
}

function start(tile, from = 0) {
  player.play(tile, from, viewer.open && $("viewer-loop").checked);
}

// What a click, Enter or a number does: sounds are heard, pictures seen large.
function act(tile) {
  choose(tile);
  if (hears(tile)) {
    if (player.tile() === tile && !viewer.open) player.stop(); else start(tile);
  } else if (!viewer.open) {
    open();
  }
}

function move(across, down) {
  if (!chosen) return choose(document.querySelector(".tile"));
  const { rows, row, column } = position(chosen);
  let r = row + down, c = column + across;
  if (down && (r < 0 || r >= rows.length)) {
    const groups = [...document.querySelectorAll(".group")];
    const next = groups[groups.indexOf(groupOf(chosen)) + down];
    if (!next || viewer.open) return;
    const other = grid(next);
    r = down > 0 ? 0 : other.length - 1;
    c = Math.min(column, other[r].length - 1);
    while (c > 0 && !other[r][c]) c--;
    return other[r][c] && choose(other[r][c]);
  }
  while (rows[r] && c >= 0 && c < rows[r].length && !rows[r][c]) c += across || -1;
  const tile = rows[r] && rows[r][c];
  if (!tile) return;
  const went = hears(tile) && viewer.open && player.tile();
  if (c === 0) remembered.set(groupOf(tile), r);
  choose(tile);
  if (went) start(tile, player.time());
}

function number(n) {
  const from = chosen || document.querySelector(".tile");
  if (!from) return;
  const { rows, row } = position(from);
  const tile = rows[row][n];
  if (tile) act(tile);
}

// Reference and metamer in turn, at the same moment of the sound.
function swap() {
  if (!chosen || isReference(chosen)) return;
  const reference = referenceOf(chosen);
  if (!reference) return;
  flipped = !flipped;
  const tile = flipped ? reference : chosen;
  if (hears(tile)) start(tile, player.tile() ? player.time() : 0);
  if (viewer.open) show();
  else if (!hears(tile)) { flipped = false; open(); stacked(true); }
  status.textContent = tile.dataset.name;
}

function open() {
  if (!chosen) return;
  if (!viewer.open) viewer.showModal();
  fill();
}

function figure(tile, axes) {
  const figure = document.createElement("figure"), caption = document.createElement("figcaption");
  caption.textContent = tile.dataset.name;
  const map = document.createElement("div"), image = document.createElement("img");
  map.className = "map";
  image.src = tile.querySelector("img").src;
  image.alt = (hears(tile) ? "Cochleagram: " : "Picture: ") + tile.dataset.name;
  map.append(image);
  figure.append(caption, map);
  figure.tile = tile;
  if (hears(tile)) {
    const head = document.createElement("span");
    head.className = "head";
    map.append(head);
    map.addEventListener("click", (event) => {
      const box = map.getBoundingClientRect();
      start(tile, fromPlace((event.clientX - box.left) / box.width, axes));
      flipped = tile !== chosen;
      show();
    });
    for (const [share, label] of axes ? axes.hertz : []) tick(map, "hertz", { bottom: 100 * share + "%" }, label);
    (axes ? axes.seconds : []).forEach(([share, label], i, all) => {
      const left = toPlace(share * axes.length, axes);
      tick(map, "second" + (left < 0.02 ? " first" : left > 0.98 ? " last" : ""), { left: 100 * left + "%" }, label);
    });
  }
  return figure;
}

function tick(map, kind, style, label) {
  const tick = document.createElement("span");
  tick.className = "tick " + kind;
  tick.textContent = label;
  Object.assign(tick.style, style);
  map.append(tick);
}

// A front end may show a little less than the whole sound.
const toPlace = (seconds, axes) => (axes ? axes.begins + axes.shown * (seconds / axes.length) : 0);
const fromPlace = (place, axes) => (axes ? Math.max(0, ((place - axes.begins) / axes.shown) * axes.length) : 0);

function fill() {
  const group = groupOf(chosen), sound = hears(chosen), reference = referenceOf(chosen);
  const axes = group.dataset.axes ? JSON.parse(group.dataset.axes) : null;
  const shown = isReference(chosen) || !reference ? [chosen] : [reference, chosen];
  pair.className = (sound ? "of-sounds" : "of-pictures") + (pair.classList.contains("stacked") ? " stacked" : "");
  pair.replaceChildren(...shown.map((tile) => figure(tile, axes)));
  const row = chosen.dataset.row ? ", " + chosen.dataset.row : "";
  $("viewer-title").textContent = `${group.dataset.title}: ${chosen.dataset.name} of ${group.dataset.model}${row}`;
  const sentence = chosen.dataset.sentence || "The reference, as the model was given it.";
  const word = sentence.split(":")[0], rest = sentence.slice(word.length);
  const bold = document.createElement("b");
  bold.textContent = word;
  bold.className = chosen.dataset.verdict || "";
  $("viewer-sentence").replaceChildren(...(chosen.dataset.sentence ? [bold, rest] : [sentence]));
  viewer.querySelector("details").hidden = !chosen.dataset.spec;
  $("viewer-spec").textContent = chosen.dataset.spec || "";
  const { rows, row: r, column } = position(chosen);
  $("viewer-previous").disabled = !rows[r].slice(0, column).some(Boolean);
  $("viewer-next").disabled = !rows[r].slice(column + 1).some(Boolean);
  for (const id of ["viewer-play", "viewer-loop-label"]) $(id).hidden = !sound;
  $("viewer-swap").hidden = $("viewer-stacked").hidden = shown.length < 2;
  show();
}

// Marks which of the two is meant.
function show() {
  const meant = flipped ? referenceOf(chosen) : chosen;
  for (const figure of pair.children) {
    figure.classList.toggle("shown", figure.tile === meant);
    figure.classList.toggle("heard", figure.tile === player.tile());
    figure.classList.toggle("playing", figure.tile === player.tile());
  }
  $("viewer-swap").setAttribute("aria-pressed", String(flipped));
  $("viewer-stacked").setAttribute("aria-pressed", String(pair.classList.contains("stacked")));
  $("viewer-play").firstChild.textContent = player.tile() ? "Stop " : "Play ";
}

function stacked(on) {
  pair.classList.toggle("stacked", on);
  show();
}

function playOrStop() {
  if (player.tile()) player.stop(); else start(flipped ? referenceOf(chosen) : chosen);
}

function frame() {
  const tile = player.tile();
  if (!tile) return;
  const share = player.share();
  const axes = groupOf(tile).dataset.axes ? JSON.parse(groupOf(tile).dataset.axes) : null;
  const place = axes ? axes.begins + axes.shown * share : share;
  for (const figure of pair.children) if (figure.tile === tile) figure.querySelector(".head").style.left = 100 * place + "%";
  tile.querySelector(".head").style.left = 100 * place + "%";
  requestAnimationFrame(frame);
}

document.addEventListener("heard", ({ detail: tile }) => {
  tile.classList.add("playing");
  tile.setAttribute("aria-pressed", "true");
  if (viewer.open) show();
  requestAnimationFrame(frame);
});
document.addEventListener("silent", ({ detail: tile }) => {
  tile.classList.remove("playing");
  tile.removeAttribute("aria-pressed");
  if (viewer.open) show();
});
document.addEventListener("click", (event) => {
  const tile = event.target.closest(".tile");
  if (tile) act(tile);
});
document.addEventListener("focusin", (event) => {
  const tile = event.target.closest(".tile");
  if (tile && tile !== chosen) choose(tile, false);
});
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const key = event.key, onTile = event.target.classList.contains("tile");
  const arrows = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  const scrolls = event.target.id === "viewer-spec";
  let done = true;
  if (arrows[key] && (onTile || viewer.open) && !scrolls) move(...arrows[key]);
  else if (/^[0-9]$/.test(key)) number(Number(key));
  else if (key === "a" || key === "A") swap();
  else if ((key === "e" || key === "E") && chosen) viewer.open ? viewer.close() : open();
  else if ((key === "s" || key === "S") && viewer.open) stacked(!pair.classList.contains("stacked"));
  else if (key === " " && viewer.open && event.target.tagName !== "INPUT" && event.target.tagName !== "SUMMARY") hears(chosen) ? playOrStop() : swap();
  else if (key === "Escape" && !viewer.open) player.stop();
  else done = false;
  if (done) event.preventDefault();
});
viewer.addEventListener("close", () => { player.stop(); if (chosen) chosen.focus({ preventScroll: true }); });
$("viewer-close").addEventListener("click", () => viewer.close());
$("viewer-previous").addEventListener("click", () => move(-1, 0));
$("viewer-next").addEventListener("click", () => move(1, 0));
$("viewer-play").addEventListener("click", playOrStop);
$("viewer-swap").addEventListener("click", swap);
$("viewer-stacked").addEventListener("click", () => stacked(!pair.classList.contains("stacked")));
$("viewer-loop").addEventListener("change", (event) => player.repeat(event.target.checked));
// For whoever wants to script the page.
window.metamers = { player, chosen: () => chosen };
