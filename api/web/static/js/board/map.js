// The board's map: the district, the sites of open jobs by what is left, and the vehicles as they move.
import { tell } from "../act.js";
import { api } from "../api.js";
import { t } from "../language.js";
import { colour, drawMap } from "../map.js";

const { L } = window;
const MOVE_MS = 900;

/** Draw the board's map; `fix` moves a vehicle, `load` asks anew. */
export function boardMap(element) {
  const { map, at, bound } = drawMap(element);
  const towns = L.layerGroup().addTo(map);
  const sites = L.layerGroup().addTo(map);
  const vehicles = new Map();
  const unknown = new Set();
  let bounded = false;

  /** A town's name where it lies: for finding one's way, nothing to be pressed. */
  function town(one) {
    const marker = L.marker(at(one.lat, one.lon), {
      icon: L.divIcon({ className: "town", iconSize: null, html: "" }), interactive: false, keyboard: false, zIndexOffset: -1000,
    });
    const name = Object.assign(document.createElement("span"), { className: "data", textContent: one.name });
    return marker.on("add", () => marker.getElement().replaceChildren(name));
  }

  function site(one) {
    const marker = L.circleMarker(at(one.lat, one.lon), {
      radius: 7, weight: 2, color: colour("surface"), fillColor: colour(one.colour), fillOpacity: 1,
    });
    const told = document.createElement("span");
    told.className = "data";
    told.textContent = `${one.sign} ${one.name} · ${one.left}`;
    marker.bindTooltip(told).on("click", () => document.querySelector(`[data-job="${one.job_id}"] a`)?.click());
    return marker;
  }

  function place(vehicle) {
    let marker = vehicles.get(vehicle.vehicle_id);
    if (!marker) {
      const icon = L.divIcon({ className: "car", iconSize: null, html: "" });
      marker = L.marker(at(vehicle.lat, vehicle.lon), { icon, keyboard: false, zIndexOffset: 1000, alt: vehicle.plate }).addTo(map);
      const plate = document.createElement("span");
      plate.className = "data";
      plate.textContent = vehicle.plate;
      marker.getElement().replaceChildren(plate);
      marker.getElement().dataset.vehicle = vehicle.vehicle_id;
      vehicles.set(vehicle.vehicle_id, marker);
    }
    if (marker.seenAt && (!vehicle.at || Date.parse(vehicle.at) < Date.parse(marker.seenAt))) return;
    marker.seenAt = vehicle.at;
    glide(marker, at(vehicle.lat, vehicle.lon));
    marker.getElement().classList.toggle("car-still", !vehicle.at);
  }

  /** Let vehicles that stand at one place stand one above the other, so that each plate is read. */
  function apart() {
    const stood = new Map();
    for (const marker of vehicles.values()) {
      const key = marker.getLatLng().toString(), before = stood.get(key) ?? 0;
      marker.getElement().firstChild.style.marginTop = `${before * -1.6}rem`;
      stood.set(key, before + 1);
    }
  }

  /** Let a marker glide to where its vehicle is, unless that is far or the reader wants no motion. */
  function glide(marker, [lat, lon]) {
    cancelAnimationFrame(marker.frame);
    const from = marker.getLatLng();
    const far = map.latLngToLayerPoint(from).distanceTo(map.latLngToLayerPoint([lat, lon])) > 400;
    if (far || matchMedia("(prefers-reduced-motion: reduce)").matches || document.hidden) return marker.setLatLng([lat, lon]);
    const begun = performance.now();
    const frame = (now) => {
      const share = Math.min((now - begun) / MOVE_MS, 1);
      marker.setLatLng([from.lat + (lat - from.lat) * share, from.lng + (lon - from.lng) * share]);
      if (share < 1) marker.frame = requestAnimationFrame(frame);
    };
    marker.frame = requestAnimationFrame(frame);
    return marker;
  }

  async function load() {
    const drawn = await api("GET", element.dataset.src).catch(() => null);
    element.classList.toggle("map-old", !drawn);
    if (!drawn) {
      tell(t("地图没有更新，请检查网络。", "The map could not be brought up to date: check the network."));
      return;
    }
    if (!bounded) bound(drawn.boundary);
    bounded = true;
    towns.clearLayers();
    for (const one of drawn.towns) towns.addLayer(town(one));
    sites.clearLayers();
    for (const one of drawn.sites) sites.addLayer(site(one));
    for (const vehicle of drawn.vehicles) place(vehicle);
    apart();
    element.dataset.loaded = "yes";
  }

  /** Move the vehicle of a fix; one that is not shown is of another page of the list. */
  function fix(one) {
    const marker = vehicles.get(one.vehicle_id);
    if (!marker && !unknown.has(one.vehicle_id)) {
      unknown.add(one.vehicle_id);
      soon();
    }
    if (!marker || (marker.seenAt && Date.parse(one.at) < Date.parse(marker.seenAt))) return;
    marker.seenAt = one.at;
    marker.getElement().classList.remove("car-still");
    marker.getElement().dataset.at = one.at;
    glide(marker, at(one.lat, one.lon));
  }

  let waiting = null;
  /** Ask anew in a moment, once for all that happens until then. */
  function soon() {
    clearTimeout(waiting);
    waiting = setTimeout(load, 1_000);
  }

  new MutationObserver(load).observe(document.documentElement, { attributeFilter: ["data-theme"] });
  load();
  return { load, soon, fix };
}
