"use strict";
// A link into something that is closed opens it; what is printed is open.
const closedAround = (element) => {
  const found = [];
  for (let at = element; at; at = at.parentElement) {
    if (at.tagName === "DETAILS" && !at.open) found.push(at);
  }
  return found;
};
const openTarget = () => {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!target) return;
  for (const details of closedAround(target)) details.open = true;
  target.scrollIntoView();
};
addEventListener("hashchange", openTarget);
// A second click on a link does not change the hash.
document.addEventListener("click", (event) => {
  const link = event.target.closest('a[href^="#"]');
  if (link && link.hash === location.hash) openTarget();
});
openTarget();

let openedToPrint = [];
addEventListener("beforeprint", () => {
  openedToPrint = [...document.querySelectorAll("details:not([open])")];
  for (const details of openedToPrint) details.open = true;
});
addEventListener("afterprint", () => {
  for (const details of openedToPrint) details.open = false;
});
