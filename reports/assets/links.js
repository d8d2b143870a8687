"use strict";
// A link to something inside closed details opens them. For printing, all details are open.
const closedDetailsAround = (element) => {
  const closed = [];
  for (let at = element; at; at = at.parentElement) {
    if (at.tagName === "DETAILS" && !at.open) closed.push(at);
  }
  return closed;
};
const openTarget = () => {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!target) return;
  for (const details of closedDetailsAround(target)) details.open = true;
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
