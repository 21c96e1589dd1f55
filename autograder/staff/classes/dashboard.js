"use strict";
// Every word of the search must be somewhere in a row; "mistake:SLUG" is that mistake and no other.
const table = document.getElementById("submissions");
const search = document.getElementById("search");
const rows = Array.from(table.tBodies[0].rows, (row) => ({
  row,
  text: row.textContent.toLowerCase(),
  mistakes: new Set(row.dataset.mistakes.split(" ")),
}));

function fits({ text, mistakes }, word) {
  return word.startsWith("mistake:") ? mistakes.has(word.slice("mistake:".length)) : text.includes(word);
}

function filter() {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const each of rows) {
    each.row.hidden = !words.every((word) => fits(each, word));
    shown += !each.row.hidden;
  }
  document.getElementById("shown").textContent = `${shown} of ${rows.length}`;
}

function value(row, column) {
  const cell = row.cells[column];
  return cell.dataset.value === undefined ? cell.textContent.trim() : Number(cell.dataset.value);
}

function compare(one, other) {
  return typeof one === "number" ? one - other : one.localeCompare(other, "en", { numeric: true });
}

function sort(header) {
  const direction = header.getAttribute("aria-sort") === "ascending" ? -1 : 1;
  for (const each of header.parentElement.cells) each.removeAttribute("aria-sort");
  header.setAttribute("aria-sort", direction === 1 ? "ascending" : "descending");
  const keyed = rows.map(({ row }) => ({ row, key: value(row, header.cellIndex) }));
  keyed.sort((one, other) => direction * compare(one.key, other.key));
  table.tBodies[0].append(...keyed.map(({ row }) => row));
}

search.addEventListener("input", filter);
for (const button of table.tHead.querySelectorAll("button")) {
  button.addEventListener("click", () => sort(button.parentElement));
}
for (const button of document.querySelectorAll("button[data-search]")) {
  button.addEventListener("click", () => {
    search.value = button.dataset.search;
    filter();
    search.scrollIntoView({ block: "start" });
  });
}
filter();
