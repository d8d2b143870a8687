"use strict";
// Sorts a table by the column whose heading is clicked: numbers by value, the rest by text.
for (const table of document.querySelectorAll("table.sortable")) {
  const headings = [...table.tHead.rows[0].cells];
  headings.forEach((heading, column) => {
    heading.querySelector("button").addEventListener("click", () => {
      const ascending = heading.ariaSort !== "ascending";
      headings.forEach((other) => other.removeAttribute("aria-sort"));
      heading.ariaSort = ascending ? "ascending" : "descending";
      const text = (row) => row.cells[column].textContent;
      // What was not measured sorts as the largest.
      const number = (row) => Number(row.cells[column].dataset.sort ?? Infinity);
      const byText = (a, b) => text(a).localeCompare(text(b), "en", { numeric: true });
      const byNumber = (a, b) => (number(a) === number(b) ? 0 : number(a) - number(b));
      const body = table.tBodies[0];
      const rows = [...body.rows];
      const isNumeric = rows.some((row) => row.cells[column].dataset.sort !== undefined);
      rows.sort(isNumeric ? byNumber : byText);
      body.append(...(ascending ? rows : rows.reverse()));
    });
  });
}
