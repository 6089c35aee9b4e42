// Buttons that copy a text and say so. They are hidden until this module runs.

function select(element) {
  getSelection().selectAllChildren(element);
}

async function write(element) {
  // The clipboard needs a secure page and permission; the old command works in old WeChat browsers.
  try {
    await navigator.clipboard.writeText(element.textContent);
    return true;
  } catch {
    select(element);
    return document.execCommand("copy");
  }
}

for (const button of document.querySelectorAll("[data-copy]")) {
  const source = document.getElementById(button.dataset.copy);
  const status = document.getElementById(button.dataset.status);
  button.addEventListener("click", async () => {
    // Emptied first: the same words twice would not be announced twice.
    status.textContent = "";
    const copied = await write(source);
    if (!copied) select(source);
    status.textContent = copied ? button.dataset.copied : button.dataset.failed;
  });
  button.hidden = false;
}
