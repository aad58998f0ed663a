// Whether the server will take a telephone number (domain/complaint/telephone.py): asked before an act is signed that it would refuse.

const SIGNS = /[\s().\-–—]/gu;
const EXTENSION = /(?:转|分机|ext\.?|x|#)\s*/giu;
const NUMBER = /^(?:\+(?!86)[1-9][0-9]{4,19}|[1-9][0-9]{4,19}|0[1-9][0-9]{3,18})(?:,[0-9]{1,6})?$/;
const AREA_WITHOUT_ZERO = /^[2-9][0-9]{8,}/;

/** Whether a text is a telephone number, perhaps with an extension. Pure. */
export function isTelephone(text) {
  const plain = text.normalize("NFKC").replace(EXTENSION, ",").replace(SIGNS, "").replace(/^00/, "+");
  let number = plain.replace(/^\+86/, "");
  if (number !== plain && AREA_WITHOUT_ZERO.test(number)) number = `0${number}`;
  return NUMBER.test(number);
}
