// The odometer photographed because the lot fell on this departure: sent at once, since it is only worth something soon.

import { t } from "../../language.js";
import { hex, sha256 } from "../bytes.js";
import { data, el } from "../element.js";
import { scaled } from "../photo.js";
import { ask, Unreachable } from "../server.js";
import { when } from "../words.js";
import { alertLine, heading, photoButton } from "./parts.js";

export async function photograph(app, id) {
  const trip = app.trip(id);
  if (!trip?.photo_wanted_until || trip.photo_arrived) {
    app.go(trip ? `trip/${id}` : "today");
    return null;
  }
  const said = el("p", { "aria-live": "polite" });
  const wrong = alertLine();

  async function take(file) {
    wrong.textContent = "";
    said.textContent = t("正在发送…", "Sending …");
    try {
      const { blob } = await scaled(file);
      await send(trip, blob);
      await app.refresh();
      app.go(`trip/${id}`);
    } catch (fault) {
      said.textContent = "";
      wrong.textContent = fault instanceof Unreachable ? t("没有送达，请重试。", "It was not sent: try again.") : fault.message;
    }
  }

  return {
    title: t("拍里程表", "Photograph the odometer"),
    nodes: [
      heading(t("拍里程表", "Photograph the odometer"), `trip/${id}`),
      el("p", {}, data(trip.vehicle.plate, "strong"), " ", t(`请在 ${when(trip.photo_wanted_until)} 前发送。`, `Send it by ${when(trip.photo_wanted_until)}.`)),
      photoButton(t("拍照并发送", "Photograph and send"), take),
      said,
      wrong,
    ],
  };
}

/** Upload the picture, and name it as the photo of the reading at departure. Throws what the server says. */
async function send(trip, blob) {
  const name = hex(await sha256(await blob.arrayBuffer()));
  const kept = await ask("PUT", `/v1/attachments/${name}`, { body: blob, type: blob.type, seconds: 60 });
  const listed = await ask("GET", `/v1/readings?vehicle_id=${trip.vehicle.vehicle_id}`);
  const reading = listed.body?.items?.find((one) => one.use_id === trip.trip_id && one.occasion === "departure");
  if (kept.status >= 300 || !reading) throw new Unreachable(String(kept.status));
  const named = await ask("POST", `/v1/readings/${reading.reading_id}/photos`, { json: { sha256: name } });
  if (named.status !== 204) throw new Error(named.body?.detail ?? String(named.status));
}
