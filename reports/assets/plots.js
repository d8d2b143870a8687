"use strict";
// Points of plots show their values, for the mouse and for the keyboard: the Tab key stops once at each
// plot, the arrow keys move from point to point, and Escape hides the value.
{
  const tip = document.getElementById("tip");
  const MARGIN = 8;

  const show = (point) => {
    tip.textContent = point.getAttribute("aria-label");
    tip.hidden = false;
    const place = point.getBoundingClientRect();
    const left = Math.min(place.right + MARGIN, innerWidth - tip.offsetWidth - MARGIN);
    const above = place.top - tip.offsetHeight - MARGIN;
    tip.style.left = `${Math.max(left, MARGIN)}px`;
    tip.style.top = `${above > 0 ? above : place.bottom + MARGIN}px`;
  };
  const hide = () => { tip.hidden = true; };

  for (const svg of document.querySelectorAll(".plot svg")) {
    const points = [...svg.querySelectorAll(".point")];
    points.forEach((point, index) => {
      point.setAttribute("tabindex", index ? "-1" : "0");
      point.addEventListener("mouseenter", () => show(point));
      point.addEventListener("mouseleave", hide);
      point.addEventListener("focus", () => show(point));
      point.addEventListener("blur", hide);
      point.addEventListener("keydown", (event) => {
        const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
        const next = step && points[index + step];
        if (!next) return;
        event.preventDefault();
        point.setAttribute("tabindex", "-1");
        next.setAttribute("tabindex", "0");
        next.focus();
      });
    });
  }
  addEventListener("keydown", (event) => { if (event.key === "Escape") hide(); });
  addEventListener("scroll", () => {
    const focused = document.activeElement;
    if (focused?.classList.contains("point") && !tip.hidden) show(focused);
    else hide();
  }, { passive: true, capture: true });
}
