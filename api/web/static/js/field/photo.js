// A photo as it is kept: at most 1,600 pixels, drawn anew so that nothing of its file but the picture goes along.

import { claimOf } from "./exif.js";

const LONGEST = 1600;
const QUALITY = 0.82;

/** Width and height that fit, never larger than they are. Pure. */
function fitted(width, height, longest = LONGEST) {
  const share = Math.min(1, longest / Math.max(width, height));
  return [Math.max(1, Math.round(width * share)), Math.max(1, Math.round(height * share))];
}

/** The picture of a file as JPEG, with what the file claimed of place and time. Throws where it is no picture. */
export async function scaled(file) {
  const claim = claimOf(await file.arrayBuffer());
  const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
  const [width, height] = fitted(picture.width, picture.height);
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  canvas.getContext("2d").drawImage(picture, 0, 0, width, height);
  picture.close();
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", QUALITY));
  if (!blob) throw new Error("the picture could not be drawn");
  return { blob, claim };
}
