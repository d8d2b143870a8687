"use strict";
// Sorts a table by the column whose heading is clicked: numbers by value, the rest by text.
for (const table of document.querySelectorAll("table.sortable")) {
  const headings = [...table.tHead.rows[0].cells];
  headings.forEach((heading, column) => {
    heading.querySelector("button").addEventListener("click", () => {
      const ascending = heading.ariaSort !== "ascending";
      headings.forEach((other) => other.removeAttribute("aria-sort"));
      heading.ariaSort = ascending ? "ascending" : "descending";
      const key = (row) => row.cells[column].dataset.sort ?? row.cells[column].textContent;
      const compare = (a, b) => key(a).localeCompare(key(b), "en", { numeric: true });
      const byNumber = (a, b) => Number(key(a)) - Number(key(b));
      const body = table.tBodies[0];
      const rows = [...body.rows];
      const numeric = rows.every((row) => row.cells[column].dataset.sort !== undefined);
      rows.sort(numeric ? byNumber : compare);
      body.append(...(ascending ? rows : rows.reverse()));
    });
  });
}
