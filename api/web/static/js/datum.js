// WGS-84 to GCJ-02 for display on tiles that are drawn in it: the public formula, as in domain/place/datum.py.
const A = 6378245.0;
const EE = 0.00669342162296594323;
const { PI, sin, cos, sqrt, abs } = Math;

const inChina = (lat, lon) => lat >= 0.8293 && lat <= 55.8271 && lon >= 72.004 && lon <= 137.8347;

/** Return [lat, lon] in GCJ-02 of a WGS-84 place; outside China it is the same. */
export function toGcj02(lat, lon) {
  if (!inChina(lat, lon)) return [lat, lon];
  const x = lon - 105, y = lat - 35;
  const common = (20 * sin(6 * x * PI) + 20 * sin(2 * x * PI)) * 2 / 3;
  let north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * sqrt(abs(x)) + common;
  north += (20 * sin(y * PI) + 40 * sin(y / 3 * PI)) * 2 / 3;
  north += (160 * sin(y / 12 * PI) + 320 * sin(y * PI / 30)) * 2 / 3;
  let east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * sqrt(abs(x)) + common;
  east += (20 * sin(x * PI) + 40 * sin(x / 3 * PI)) * 2 / 3;
  east += (150 * sin(x / 12 * PI) + 300 * sin(x / 30 * PI)) * 2 / 3;
  const phi = lat * PI / 180;
  const w2 = 1 - EE * sin(phi) ** 2, w = sqrt(w2);
  return [lat + north * 180 / (A * (1 - EE) / (w2 * w) * PI), lon + east * 180 / (A / w * cos(phi) * PI)];
}
