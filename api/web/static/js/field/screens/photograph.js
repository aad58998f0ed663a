// The odometer photographed because the lot fell on this departure: sent at once, since it is only worth something
// soon, and kept on the phone until it has arrived.

import { t } from "../../language.js";
import { data, el } from "../element.js";
import { scaled } from "../photo.js";
import { dropFile, get, getFile, put, putFile, remove } from "../sealed.js";
import { ask, Unreachable } from "../server.js";
import { when } from "../words.js";
import { alertLine, heading, keptPicture, photoButton } from "./parts.js";

const KEPT = "photograph"; // the picture that has not arrived, and of which trip

export async function photograph(app, id) {
  const trip = app.trip(id);
  if (!trip?.photo_wanted_until || trip.photo_arrived) {
    app.go(trip ? `trip/${id}` : "today");
    return null;
  }
  const said = el("p", { "aria-live": "polite" });
  const wrong = alertLine();
  const kept = el("div", {});
  const before = await get(app.who, KEPT);
  let photo = before?.trip === id && (await getFile(app.who, before.sha256)) ? before.sha256 : null;

  async function take(file) {
    const { blob } = await scaled(file);
    photo = await putFile(app.who, blob);
    await put(app.who, KEPT, { trip: id, sha256: photo });
    drawKept();
    await sendKept();
  }

  function drawKept() {
    if (!photo) return;
    kept.replaceChildren(
      el("ul", { class: "thumbs" }, el("li", {}, keptPicture(app, photo, t("存在手机上的照片", "The photo kept on the phone")))),
      el("button", { type: "button", class: "button wide", onclick: sendKept }, t("再发送", "Send again")),
    );
  }

  async function sendKept() {
    wrong.textContent = "";
    said.textContent = t("正在发送…", "Sending …");
    try {
      await send(trip, photo, await getFile(app.who, photo));
      await remove(app.who, KEPT);
      await dropFile(app.who, photo);
      await app.refresh();
      app.go(`trip/${id}`);
    } catch (fault) {
      said.textContent = "";
      wrong.textContent = fault instanceof Unreachable ? t("没有送达，照片存在手机上：有网络时再发送。", "It was not sent and is kept on the phone: send it once there is a network.") : fault.message;
    }
  }

  return {
    title: t("拍里程表", "Photograph the odometer"),
    begin: drawKept,
    nodes: [
      heading(t("拍里程表", "Photograph the odometer"), `trip/${id}`),
      el("p", {}, data(trip.vehicle.plate, "strong"), " ", t(`请在 ${when(trip.photo_wanted_until)} 前发送。`, `Send it by ${when(trip.photo_wanted_until)}.`)),
      photoButton(t("拍照并发送", "Photograph and send"), take),
      kept,
      said,
      wrong,
    ],
  };
}

/** Upload the picture, and name it as the photo of the reading at departure. Throws what the server says. */
async function send(trip, name, blob) {
  const kept = await ask("PUT", `/v1/attachments/${name}`, { body: blob, type: blob.type, seconds: 60 });
  const listed = await ask("GET", `/v1/readings?vehicle_id=${trip.vehicle.vehicle_id}`);
  const reading = listed.body?.items?.find((one) => one.use_id === trip.trip_id && one.occasion === "departure");
  if (kept.status >= 300 || !reading) throw new Unreachable(String(kept.status));
  const named = await ask("POST", `/v1/readings/${reading.reading_id}/photos`, { json: { sha256: name } });
  if (named.status !== 204) throw new Error(named.body?.detail ?? String(named.status));
}
