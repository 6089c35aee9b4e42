// Posts the page's only form on, so that nobody has to tap.

document.querySelector("[data-post]").submit();
