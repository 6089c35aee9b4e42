// The hidden frame has called the address once; now the page itself calls it again.
const first = document.getElementById("first");
const second = document.getElementById("second");
let gone = false;
function proceed() {
  if (gone) return;
  gone = true;
  location.replace(second.href);
}
first.addEventListener("load", proceed);
setTimeout(proceed, 3000);
