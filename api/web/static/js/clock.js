// Instants as the bureau's clock shows them, whatever zone the browser is in.
const [, sign, hours, minutes] = (document.documentElement.dataset.offset ?? "+08:00").match(/([+-])(\d\d):(\d\d)/);
const OFFSET_MS = (Number(hours) * 60 + Number(minutes)) * 60_000 * (sign === "-" ? -1 : 1);

/** Return an instant as a `datetime-local` control takes it. */
export const typed = (instant) => new Date(new Date(instant).getTime() + OFFSET_MS).toISOString().slice(0, 16);

/** Return the instant that such a control says, with the bureau's offset. */
export const instantOf = (text) => (text ? `${text}:00${document.documentElement.dataset.offset}` : null);

/** Return a stretch of time in words of digits: its day once, where it is one. */
export function span(from, until) {
  const [first, last] = [typed(from), typed(until)];
  const end = first.slice(0, 10) === last.slice(0, 10) ? last.slice(11) : `${last.slice(5, 10)} ${last.slice(11)}`;
  return `${first.slice(5, 10)} ${first.slice(11)}–${end}`;
}
