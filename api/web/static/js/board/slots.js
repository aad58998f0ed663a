// Digits take the free slot of that number, wherever a job's slots are shown.
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select")) return;
  if (!/^[1-9]$/.test(event.key)) return;
  const slot = document.querySelector(`[data-slot="${event.key}"]`);
  if (slot?.checkVisibility()) location.assign(slot.href);
});
