// What an act goes through on this phone: kept → sent → confirmed, or refused, conflict, parked. Pure.

/** The states in which the server still has to be told, or asked again. */
export const WAITING = new Set(["kept", "sent", "parked"]);

/** The states in which the server took an act and did not record it. */
const NOT_RECORDED = new Set(["refused", "conflict"]);

/** Whether a person has to be told that an act was not recorded, and has not said yet that they read it. Pure. */
export const toRead = (act) => NOT_RECORDED.has(act.state) && !act.read_at;

const KEPT_DAYS = 30;

/** Whether an act may be forgotten: confirmed, or not recorded and read, thirty days ago. What nobody read stays. Pure. */
export function isOld({ state, answered_at: answered, read_at: read }, now) {
  const since = state === "confirmed" ? answered : NOT_RECORDED.has(state) ? read : null;
  return Boolean(since) && since < now - KEPT_DAYS * 86_400_000;
}

const MARGIN_MS = 3_600_000; // what was being recorded when the backup was taken may not be in it

/** Whether the server answered an act in a time that a restore took out of its record: by the receipt's time, which is the server's. Pure. */
export function undone({ state, receipt }, restores) {
  const at = Date.parse(receipt?.recorded_at ?? "");
  return !WAITING.has(state) && restores.some((one) => at >= Date.parse(one.taken_at) - MARGIN_MS && at <= Date.parse(one.restored_at));
}

const OUTCOMES = { recorded: "confirmed", conflict: "conflict", refused: "refused", parked: "parked" };

const FOR_GOOD = new Set(["bad-signature", "body-too-large", "chain-ended", "chain-fork"]);

/**
 * What becomes of an act by the server's answer: its fields that change; null where it is no answer about this act (a gateway's page,
 * a refusal of who asks), so that it waits and is sent again. Pure.
 */
export function judged(id, status, answer) {
  if ((status === 200 || status === 201) && answer?.id === id && Object.hasOwn(OUTCOMES, answer.outcome) && answer.receipt) {
    return { state: OUTCOMES[answer.outcome], why: answer.why ?? null, reasons: told(answer), receipt: answer.receipt };
  }
  if (status < 400 || !FOR_GOOD.has(answer?.code)) return null;
  return { state: "refused", why: answer.code, reasons: [{ code: answer.code, sentence: answer.detail ?? answer.title ?? "" }], receipt: null };
}

const ANOTHER = new Set(["not-your-key", "password-change-required"]);

/** Whether an answer says that the person who is signed in now is not the one who signed, or may do nothing yet. Pure. */
export const isAnothers = (status, answer) => status === 403 && ANOTHER.has(answer?.code);

/** The server's reasons; of what was refused for good without a reason of the rule, the problem's own sentence. */
function told({ reasons, problem }) {
  if (problem?.detail && !problem.reasons?.length) return [{ code: problem.code, sentence: problem.detail }];
  return reasons ?? [];
}

const FIRST_S = 2;
const LONGEST_S = 300;

/** Seconds until the next try after so many that failed: doubling to five minutes, spread by `chance` in 0..1. */
export function pause(tries, chance) {
  return Math.min(LONGEST_S, FIRST_S * 2 ** Math.min(tries, 12)) * (0.75 + chance / 2);
}

/** How many acts of each state there are. */
export function counted(acts) {
  const found = { kept: 0, sent: 0, confirmed: 0, refused: 0, conflict: 0, parked: 0 };
  for (const one of acts) found[one.state] += 1;
  return found;
}
