"use strict";
// A click on a heading sorts a table. Long tables can be filtered and exported as CSV.
{
  const FILTER_HEADINGS = ["network", "depth", "frames", "batch"];
  const LONG = 6; // the fewest rows of a table with controls

  const textOf = (row, column) => row.cells[column].textContent;
  const rowsOf = (table) => [...table.tBodies[0].rows];
  const headingsOf = (table) => [...table.tHead.rows[0].cells].map((cell) => cell.textContent);
  const inOrder = (a, b) => a.localeCompare(b, "en", { numeric: true });

  const makeSortable = (table) => {
    const headings = [...table.tHead.rows[0].cells];
    headings.forEach((heading, column) => {
      heading.querySelector("button").addEventListener("click", () => {
        const ascending = heading.ariaSort !== "ascending";
        headings.forEach((other) => other.removeAttribute("aria-sort"));
        heading.ariaSort = ascending ? "ascending" : "descending";
        // A cell without a figure sorts as the largest.
        const number = (row) => Number(row.cells[column].dataset.sort ?? Infinity);
        const byText = (a, b) => inOrder(textOf(a, column), textOf(b, column));
        const byNumber = (a, b) => (number(a) === number(b) ? 0 : number(a) - number(b));
        const rows = rowsOf(table);
        const isNumeric = rows.some((row) => row.cells[column].dataset.sort !== undefined);
        rows.sort(isNumeric ? byNumber : byText);
        table.tBodies[0].append(...(ascending ? rows : rows.reverse()));
      });
    });
  };

  // A leading quote keeps a spreadsheet from reading text as a formula. Numbers need none.
  const asData = (cell) => {
    const text = cell.textContent.trim();
    if (cell.dataset.sort !== undefined && /^[+-]?[\d,.]+$/.test(text)) return text.replaceAll(",", "");
    return /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  };
  const quoted = (text) => (/[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

  const download = (table) => {
    const shown = rowsOf(table).filter((row) => !row.hidden);
    const lines = [headingsOf(table), ...shown.map((row) => [...row.cells].map(asData))];
    const content = lines.map((line) => line.map(quoted).join(",") + "\n").join("");
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([content], { type: "text/csv" }));
    link.download = `${table.id}.csv`;
    link.click();
    URL.revokeObjectURL(link.href);
  };

  const makeFilter = (table, column, name) => {
    const values = [...new Set(rowsOf(table).map((row) => textOf(row, column)))].sort(inOrder);
    if (values.length < 2) return null;
    const select = document.createElement("select");
    select.name = name;
    select.append(new Option("all", ""), ...values.map((value) => new Option(value || "none", `=${value}`)));
    const label = document.createElement("label");
    label.append(`${name} `, select);
    return { label, accepts: (row) => !select.value || select.value === `=${textOf(row, column)}` };
  };

  const addControls = (table) => {
    const form = document.createElement("form");
    form.className = "filters";
    form.dataset.for = table.id;
    const headings = headingsOf(table);
    const filters = FILTER_HEADINGS.filter((name) => headings.includes(name))
      .map((name) => makeFilter(table, headings.indexOf(name), name))
      .filter((one) => one);
    const rowCount = document.createElement("output");
    const button = document.createElement("button");
    button.type = "button";
    button.className = "export";
    button.textContent = "Export as CSV";
    button.setAttribute("aria-label", `Export as CSV: ${table.ariaLabel}`);
    button.addEventListener("click", () => download(table));
    const show = () => {
      const rows = rowsOf(table);
      for (const row of rows) row.hidden = !filters.every((one) => one.accepts(row));
      rowCount.value = `${rows.filter((row) => !row.hidden).length} of ${rows.length} rows`;
    };
    form.addEventListener("input", show);
    form.addEventListener("submit", (event) => event.preventDefault());
    form.append(...filters.map((one) => one.label), rowCount, button);
    table.closest(".table").before(form);
    show();
  };

  for (const table of document.querySelectorAll("table.sortable")) {
    makeSortable(table);
    if (rowsOf(table).length >= LONG) addControls(table);
  }
}
