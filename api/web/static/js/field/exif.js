// What a photo's own file claims of where and when it was taken: JPEG, APP1, TIFF 6.0, Exif 2.32. Anything odd is no claim.

const EXIF = 0x8769;
const GPS = 0x8825;
const TAKEN = 0x9003;
const OFFSET = 0x9011;
const SIZES = { 1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 7: 1, 9: 4, 10: 8 };

/** `{lat, lon, taken_at}` as the file claims; each is null where it says nothing that can be read. */
export function claimOf(buffer) {
  const nothing = { lat: null, lon: null, taken_at: null };
  try {
    const start = tiffAt(new DataView(buffer));
    return start === null ? nothing : read(buffer, start);
  } catch (fault) {
    if (fault instanceof RangeError) return nothing; // it points outside itself
    throw fault;
  }
}

function tiffAt(view) {
  if (view.byteLength < 4 || view.getUint16(0) !== 0xffd8) return null;
  let at = 2;
  while (at + 4 <= view.byteLength) {
    const marker = view.getUint16(at);
    const length = view.getUint16(at + 2);
    if ((marker & 0xff00) !== 0xff00 || marker === 0xffda || length < 2) return null;
    if (marker === 0xffe1 && view.getUint32(at + 4) === 0x45786966 && view.getUint16(at + 8) === 0) return at + 10;
    at += 2 + length;
  }
  return null;
}

function read(buffer, start) {
  const view = new DataView(buffer, start);
  const little = view.getUint16(0) === 0x4949;
  const first = entries(view, view.getUint32(4, little), little);
  const exif = first.has(EXIF) ? entries(view, number(view, first.get(EXIF), little), little) : new Map();
  const gps = first.has(GPS) ? entries(view, number(view, first.get(GPS), little), little) : new Map();
  const lat = degrees(view, gps.get(2), gps.get(1), "S", 90, little);
  const lon = degrees(view, gps.get(4), gps.get(3), "W", 180, little);
  const both = lat !== null && lon !== null;
  return { lat: both ? lat : null, lon: both ? lon : null, taken_at: taken(view, exif) };
}

function entries(view, at, little) {
  const found = new Map();
  const count = Math.min(view.getUint16(at, little), 256);
  for (let no = 0; no < count; no += 1) {
    const entry = at + 2 + 12 * no;
    const kind = view.getUint16(entry + 2, little);
    const values = view.getUint32(entry + 4, little);
    const bytes = (SIZES[kind] ?? 0) * values;
    if (!bytes) continue;
    found.set(view.getUint16(entry, little), { kind, values, at: bytes <= 4 ? entry + 8 : view.getUint32(entry + 8, little) });
  }
  return found;
}

const number = (view, entry, little) => (entry.kind === 3 ? view.getUint16(entry.at, little) : view.getUint32(entry.at, little));

function text(view, entry) {
  if (!entry || entry.kind !== 2 || entry.values > 64) return "";
  let said = "";
  for (let no = 0; no < entry.values; no += 1) said += String.fromCharCode(view.getUint8(entry.at + no));
  return said.replace(/\0.*$/, "").trim();
}

function degrees(view, entry, side, negative, most, little) {
  if (!entry || entry.kind !== 5 || entry.values !== 3) return null;
  let sum = 0;
  for (const [no, unit] of [1, 60, 3600].entries()) {
    const below = view.getUint32(entry.at + 8 * no + 4, little);
    if (below === 0) return null;
    sum += view.getUint32(entry.at + 8 * no, little) / below / unit;
  }
  if (sum > most) return null;
  return text(view, side) === negative ? -sum : sum;
}

/** The time of the shot with the offset it states; without one it is the phone's own. */
function taken(view, exif) {
  const said = /^(\d{4}):(\d\d):(\d\d) (\d\d):(\d\d):(\d\d)$/.exec(text(view, exif.get(TAKEN)));
  if (!said) return null;
  const [year, month, day, hour, minute, second] = said.slice(1).map(Number);
  const stated = text(view, exif.get(OFFSET));
  const at = /^[+-]\d\d:\d\d$/.test(stated)
    ? new Date(`${said[1]}-${said[2]}-${said[3]}T${said[4]}:${said[5]}:${said[6]}${stated}`)
    : new Date(year, month - 1, day, hour, minute, second);
  return Number.isNaN(at.valueOf()) || year < 1990 || year >= 2100 ? null : at.toISOString();
}
