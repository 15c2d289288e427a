"use strict";
/* Shows the values of the version that is pointed at. Everything else works without a script. */
for (const figure of document.querySelectorAll(".chart")) {
  const data = figure.querySelector("script");
  if (!data) continue;
  const { width, series, points } = JSON.parse(data.textContent);
  const svg = figure.querySelector("svg");
  const cursor = svg.querySelector(".cursor");
  const tip = document.createElement("div");
  tip.className = "tip";
  tip.hidden = true;
  figure.append(tip);

  const line = (text, strong) => {
    const element = document.createElement(strong ? "b" : "div");
    element.textContent = text;
    tip.append(element);
  };
  const hide = () => {
    tip.hidden = true;
    cursor.classList.remove("on");
  };
  const show = (event) => {
    const box = svg.getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * width;
    let point = points[0];
    for (const other of points) {
      if (Math.abs(other.x - x) < Math.abs(point.x - x)) point = other;
    }
    cursor.setAttribute("x1", point.x);
    cursor.setAttribute("x2", point.x);
    cursor.classList.add("on");
    tip.textContent = "";
    line(point.name, true);
    series.forEach((name, index) => {
      if (figure.querySelector(".t" + index).checked) {
        line(name + "  " + (point.values[index] || "none"), false);
      }
    });
    tip.hidden = false;
    const frame = figure.getBoundingClientRect();
    const left = box.left - frame.left + (point.x / width) * box.width;
    const before = left > frame.width / 2;
    tip.style.left = (before ? left - tip.offsetWidth - 10 : left + 10) + "px";
    tip.style.top = box.top - frame.top + 24 + "px";
  };
  svg.addEventListener("pointermove", show);
  svg.addEventListener("pointerdown", show);
  svg.addEventListener("pointerleave", hide);
}
