// A map on the district's own boundary, and on tiles where the bureau has set a tile server. Places go in as WGS-84.
import { toGcj02 } from "./datum.js";
import { t } from "./language.js";

const { L } = window;

/** Return a colour of the style by its name, as the theme has it now. */
export const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

/**
 * Draw a map in an element; `data-tiles` is what the server tells of tiles, `data-map` an address that answers
 * `{boundary}` as GeoJSON in WGS-84.
 * @returns {{map: L.Map, at: (lat: number, lon: number) => [number, number], bound: (geometry: object|null) => void}}
 *   `at` turns a WGS-84 place into where it is drawn.
 */
export function drawMap(element) {
  const tiles = element.dataset.tiles ? JSON.parse(element.dataset.tiles) : null;
  const at = tiles?.datum === "GCJ-02" ? toGcj02 : (lat, lon) => [lat, lon];
  const map = L.map(element, {
    zoomControl: false, attributionControl: Boolean(tiles?.owed_to), preferCanvas: true, zoomSnap: 0.25, maxZoom: 18,
    fadeAnimation: false,
  });
  L.control.zoom({ zoomInTitle: t("放大", "Zoom in"), zoomOutTitle: t("缩小", "Zoom out") }).addTo(map);
  L.control.scale({ imperial: false }).addTo(map);
  if (tiles?.owed_to) map.attributionControl.setPrefix(false).addAttribution(tiles.owed_to);
  for (const layer of tiles?.layers ?? []) L.tileLayer(layer, { maxZoom: 18 }).addTo(map);
  map.setView(at(25.43, 118.99), 11);
  let line = null;

  /** Draw the district's line and show all of it. */
  function bound(geometry) {
    line?.remove();
    if (!geometry) return;
    const style = () => ({ color: colour("accent"), weight: 2, fillColor: colour("accent"), fillOpacity: tiles ? 0.03 : 0.08, interactive: false });
    line = L.geoJSON(geometry, { style, coordsToLatLng: ([lon, lat]) => L.latLng(...at(lat, lon)) }).addTo(map);
    map.fitBounds(line.getBounds(), { padding: [8, 8], animate: false });
    new MutationObserver(() => line.setStyle(style())).observe(document.documentElement, { attributeFilter: ["data-theme"] });
  }
  return { map, at, bound };
}
