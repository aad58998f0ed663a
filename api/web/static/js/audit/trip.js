// A trip on the map: as observed and as nobody saw it, with sites, stops and notes; and its replay by a slider.
import { api } from "../api.js";
import { locale, t } from "../language.js";
import { colour, drawMap } from "../map.js";

const { L } = window;
const element = document.querySelector("#map");
const { map, at, bound } = drawMap(element);
const clock = (instant) => new Date(instant).toLocaleTimeString(locale, { timeZone: "Asia/Shanghai", hour12: false });

/** Say words about a layer; what people typed is text, never markup. */
function told(layer, ...words) {
  const said = document.createElement("span");
  said.textContent = words.filter(Boolean).join(" · ");
  return layer.bindTooltip(said);
}

function sign(lat, lon, shape, name) {
  return L.marker(at(lat, lon), { icon: L.divIcon({ className: `map-sign map-sign-${shape}`, iconSize: [16, 16] }), keyboard: false, alt: name });
}

/** Draw the way in its pieces and return its moments: when it was where, and what of it nobody saw. */
function way(track) {
  const moments = [];
  const lines = L.featureGroup();
  let driven = 0;
  for (const { geometry, properties } of track.features) {
    const seen = properties.kind === "observed";
    const places = geometry.type === "Point" ? [geometry.coordinates] : geometry.coordinates;
    const line = places.map(([lon, lat]) => at(lat, lon));
    lines.addLayer(L.polyline(line, { color: colour(seen ? "accent" : "red"), weight: seen ? 5 : 3, dashArray: seen ? null : "3 9", opacity: 0.9 }));
    if (!seen) continue;
    let before = null;
    places.forEach(([lon, lat], no) => {
      const here = L.latLng(lat, lon);
      driven += before ? before.distanceTo(here) : 0;
      moments.push({ ms: Date.parse(properties.times[no]), lat, lon, driven, begins: no === 0 });
      before = here;
    });
  }
  lines.addTo(map);
  return { moments, lines };
}

/** Return where it was at an instant: between two fixes, or (`seen` false) in a stretch that nobody saw. */
function whereAt(moments, ms) {
  const next = moments.findIndex((one) => one.ms >= ms);
  if (next === -1) return { ...moments.at(-1), seen: true };
  const after = moments[next], before = moments[next - 1];
  if (!before || after.ms === ms) return { ...after, seen: true };
  const part = (ms - before.ms) / (after.ms - before.ms);
  const between = (name) => before[name] + (after[name] - before[name]) * part;
  return { lat: between("lat"), lon: between("lon"), driven: before.driven + (after.begins ? 0 : (after.driven - before.driven) * part), seen: !after.begins };
}

/** Let the slider, by hand or keyboard, and the play button move the vehicle through the trip. */
function replay(moments) {
  const form = document.querySelector("#replay"), slider = form.querySelector("#moment"), play = form.querySelector("#play");
  const first = moments[0].ms, seconds = Math.ceil((moments.at(-1).ms - first) / 1000);
  slider.max = Math.ceil(seconds / slider.step) * slider.step; // so that its last step reaches the end
  form.hidden = false;
  const car = L.circleMarker(at(moments[0].lat, moments[0].lon), { radius: 9, weight: 3, color: colour("surface"), fillColor: colour("focus"), fillOpacity: 1 }).addTo(map);
  const show = () => {
    const ms = first + Math.min(Number(slider.value), seconds) * 1000, here = whereAt(moments, ms);
    car.setLatLng(at(here.lat, here.lon)).setStyle({ fillOpacity: here.seen ? 1 : 0.25, dashArray: here.seen ? null : "2 4" });
    const words = [clock(ms), `${(here.driven / 1000).toFixed(1)} ${t("公里", "km")}`, here.seen ? "" : t("没有人看到", "nobody saw it")];
    const said = words.filter(Boolean).join(" · ");
    form.querySelector("#shown").textContent = said;
    slider.setAttribute("aria-valuetext", said);
    element.dataset.seen = String(here.seen);
  };
  let frame = 0;
  const stop = () => { cancelAnimationFrame(frame); frame = 0; play.setAttribute("aria-pressed", "false"); play.textContent = t("播放", "Play"); };
  play.addEventListener("click", () => {
    if (frame) return stop();
    play.setAttribute("aria-pressed", "true");
    play.textContent = t("暂停", "Pause");
    if (Number(slider.value) >= seconds) slider.value = 0;
    let was = performance.now(), exact = Number(slider.value);
    const step = (now) => {
      exact += ((now - was) / 1000) * Number(form.querySelector("#speed").value);
      was = now;
      slider.value = exact;
      show();
      if (exact >= seconds) stop();
      else frame = requestAnimationFrame(step);
    };
    frame = requestAnimationFrame(step);
    return undefined;
  });
  slider.addEventListener("input", () => { if (frame) stop(); show(); });
  form.addEventListener("submit", (event) => event.preventDefault());
  show();
}

function draw([scene, track]) {
  bound(scene.boundary);
  const { moments, lines } = way(track);
  for (const one of scene.sites) told(sign(one.lat, one.lon, "site", one.name), one.number, one.name).addTo(lines);
  for (const one of scene.stops) told(L.circleMarker(at(one.lat, one.lon), { radius: 7, weight: 3, color: colour("ink"), fill: true, fillOpacity: 0 }), t("停留", "stop"), `${clock(one.from_at)}–${clock(one.until_at)}`).addTo(lines);
  for (const one of scene.notes) told(sign(one.lat, one.lon, "note", one.name), t("走访记录", "visit note"), one.name, clock(one.at)).addTo(lines);
  if (lines.getLayers().length) map.fitBounds(lines.getBounds(), { padding: [24, 24], animate: false });
  if (moments.length) replay(moments);
  else document.querySelector("#no-track").hidden = document.querySelector("#retired") !== null;
  element.dataset.loaded = "yes";
}

/** Say that nothing is known of the way: an empty map would say that nobody saw it. */
function unfetched(fault) {
  const alert = document.querySelector("#no-track");
  alert.textContent = `${t("轨迹没有取到，请重新打开本页。", "The track was not fetched: open this page again.")} ${fault.message}`;
  alert.hidden = false;
}

// Of a trip whose positions were retired there is no track to fetch; the page says so.
const track = element.dataset.track ? api("GET", element.dataset.track) : { features: [] };
await Promise.all([api("GET", element.dataset.src), track]).then(draw, unfetched);
