// The site of a visit: found by words in /v1/places, typed as degrees, or picked on a map. Its datum is always known.
import { api } from "../api.js";
import { t } from "../language.js";
import { drawMap } from "../map.js";

const WAIT_MS = 250;
const DEGREES = /^\s*(-?\d{1,2}\.\d+)\s*[,，\s]\s*(-?\d{1,3}\.\d+)\s*$/;

/**
 * Let an input find the site.
 * @param {{input: HTMLInputElement, list: HTMLElement, told: HTMLElement, datum: HTMLSelectElement, pick: HTMLDetailsElement}} parts
 * @param {(site: object|null) => void} placed told of the site whenever it changes
 * @returns {{site: () => object|null, settled: () => Promise<void>}} `settled` waits for a search that is under way
 */
export function sitePicker({ input, list, told, datum, pick }, placed) {
  let site = null, found = [], at = -1, timer = null, asking = null, looking = null;

  function set(one, sentence) {
    // A search that is answered late must not take back what was chosen meanwhile.
    if (one) {
      clearTimeout(timer);
      asking?.abort();
    }
    site = one;
    told.textContent = sentence;
    told.classList.toggle("good", Boolean(one));
    placed(one);
  }

  function close() {
    list.hidden = true;
    at = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  }

  function choose(one) {
    input.value = one.address || one.name;
    close();
    set(
      { name: one.name, address: one.address || one.name, lat: one.raw_lat, lon: one.raw_lon, datum: one.datum },
      `✓ ${one.name} · ${one.raw_lat.toFixed(4)}, ${one.raw_lon.toFixed(4)} ${one.datum}`,
    );
  }

  function mark(no) {
    at = no;
    [...list.children].forEach((option, index) => option.setAttribute("aria-selected", String(index === no)));
    const option = list.children[no];
    if (option) input.setAttribute("aria-activedescendant", option.id);
    option?.scrollIntoView({ block: "nearest" });
  }

  function show() {
    list.replaceChildren(...found.map((one, no) => {
      const option = document.createElement("li");
      option.id = `place-${no}`;
      option.setAttribute("role", "option");
      option.className = "data";
      option.textContent = one.name === one.address ? one.name : `${one.name} · ${one.address}`;
      option.addEventListener("mousedown", (event) => { event.preventDefault(); choose(one); });
      return option;
    }));
    list.hidden = found.length === 0 || document.activeElement !== input;
    input.setAttribute("aria-expanded", String(!list.hidden));
    if (found.length) mark(0);
  }

  async function look() {
    const words = input.value.trim();
    const degrees = words.match(DEGREES);
    if (degrees) {
      const [lat, lon] = [Number(degrees[1]), Number(degrees[2])];
      pick.open = true;
      return set({ name: words, address: words, lat, lon, datum: datum.value }, `✓ ${lat}, ${lon} ${datum.value}`);
    }
    if (words.length < 2) return undefined;
    asking?.abort();
    asking = new AbortController();
    try {
      const answer = await api("GET", `/v1/places?q=${encodeURIComponent(words.slice(0, 100))}`, null, { signal: asking.signal });
      if (words !== input.value.trim()) return undefined;
      found = answer.places;
      const same = found.find((one) => one.address === words || one.name === words);
      if (same && document.activeElement !== input) return choose(same);
      show();
      if (found.length) told.textContent = t(`查到 ${found.length} 处，用 ↓ 和回车选定`, `${found.length} found: choose with ↓ and Enter`);
      else told.textContent = `${t("没有查到：请输入坐标或在地图上选点。", "Nothing found: type degrees, or pick on the map.")} ${answer.geocoder?.said ?? ""}`;
    } catch (fault) {
      if (fault.name !== "AbortError") told.textContent = t("查找地点失败，请重试或在地图上选点。", "The search failed: try again, or pick on the map.");
    }
    return undefined;
  }

  input.addEventListener("input", () => {
    set(null, t("正在查找…", "Searching…"));
    clearTimeout(timer);
    timer = setTimeout(() => { looking = look(); }, WAIT_MS);
  });
  input.addEventListener("keydown", (event) => {
    if (list.hidden || event.isComposing) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      mark((at + (event.key === "ArrowDown" ? 1 : found.length - 1)) % found.length);
    } else if (event.key === "Enter" || (event.key === "Tab" && !site)) {
      if (event.key === "Enter") event.preventDefault();
      if (found[at]) choose(found[at]);
    } else if (event.key === "Escape") close();
  });
  input.addEventListener("blur", () => { close(); settled(); });
  datum.addEventListener("change", () => { if (input.value.match(DEGREES)) look(); });

  let drawn = null;
  pick.addEventListener("toggle", async () => {
    if (!pick.open || drawn) return;
    const element = pick.querySelector(".map");
    drawn = drawMap(element);
    api("GET", element.dataset.src).then((told) => drawn.bound(told.boundary), () => { told.textContent = t("边界没有取到，仍可选点。", "The district’s line could not be fetched; a place can be picked all the same."); });
    const here = window.L.circleMarker([0, 0], { radius: 8, weight: 3 });
    // What is picked on tiles of GCJ-02 is in GCJ-02.
    const ground = element.dataset.tiles ? JSON.parse(element.dataset.tiles).datum : "WGS-84";
    const take = ({ lat, lng }) => {
      here.setLatLng([lat, lng]).addTo(drawn.map);
      const name = input.value.trim() && !input.value.match(DEGREES) ? input.value.trim() : t("地图选点", "picked on the map");
      if (!input.value.trim()) input.value = name;
      set(
        { name, address: name, lat: Number(lat.toFixed(6)), lon: Number(lng.toFixed(6)), datum: ground },
        `✓ ${name} · ${lat.toFixed(4)}, ${lng.toFixed(4)} ${ground}`,
      );
    };
    drawn.map.on("click", (event) => take(event.latlng));
    element.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault();
      take(drawn.map.getCenter());
    });
    element.dataset.loaded = "yes";
  });
  /** Look at once for what was typed last, and wait until that is known. */
  async function settled() {
    if (!site && input.value.trim()) {
      clearTimeout(timer);
      looking = look();
    }
    await looking;
  }

  return { site: () => site, settled };
}
