// Takes away pictures that cannot be loaded, so that the letter behind them shows.
for (const picture of document.querySelectorAll(".avatar img")) {
  const remove = () => picture.remove();
  picture.addEventListener("error", remove);
  // It may have failed before this module ran.
  if (picture.complete && !picture.naturalWidth) remove();
}
