"use strict";
(() => {
  const form = document.getElementById("filter");
  const output = form.querySelector("output");
  const findings = [...document.querySelectorAll("details.finding")].map((node, rank) => ({
    node, rank, list: node.parentNode, hops: Number(node.dataset.hops),
    name: node.querySelector(".who").textContent, text: "",
  }));
  const orders = {
    "": (a, b) => a.rank - b.rank,
    hops: (a, b) => a.hops - b.hops || a.rank - b.rank,
    name: (a, b) => a.name.localeCompare(b.name, "en") || a.rank - b.rank,
  };
  let order = "";

  const wanted = () => Object.fromEntries([...new FormData(form)].filter(([, value]) => value));

  function apply() {
    const want = wanted();
    const terms = (want.q || "").toLowerCase().split(/\s+/).filter(Boolean);
    const filtering = terms.length > 0 || want.verdict || want.grade || want.platform;
    if (terms.length) for (const found of findings) found.text ||= found.node.textContent.toLowerCase();
    let shown = 0;
    for (const { node, list, text } of findings) {
      const keep = ["verdict", "grade", "platform"].every(
        (key) => !want[key] || node.dataset[key] === want[key],
      ) && terms.every((term) => text.includes(term));
      node.hidden = !keep;
      shown += keep;
      const folded = list.closest("details");
      if (keep && filtering && folded) folded.open = true;
    }
    if ((want.order || "") !== order) {
      order = want.order || "";
      for (const { node, list } of [...findings].sort(orders[order])) list.append(node);
    }
    output.textContent = `${shown} of ${findings.length}`;
  }

  // A view can be shared: its filters stand in the fragment, behind a question mark.
  function remember() {
    const query = new URLSearchParams(wanted()).toString();
    history.replaceState(null, "", query ? `#?${query}` : "#");
  }

  function arrive() {
    const fragment = location.hash.slice(1);
    if (fragment.startsWith("?")) {
      for (const [key, value] of new URLSearchParams(fragment.slice(1))) {
        const field = form.elements.namedItem(key);
        if (field) field.value = value;
      }
      apply();
      return;
    }
    const target = document.getElementById(fragment);
    for (let node = target; node; node = node.parentElement) {
      if (node.tagName === "DETAILS") node.open = true;
    }
    if (target) target.scrollIntoView();
  }

  form.addEventListener("input", () => { apply(); remember(); });
  form.addEventListener("submit", (event) => event.preventDefault());
  addEventListener("hashchange", arrive);
  addEventListener("beforeprint", () => {
    for (const node of document.querySelectorAll("details")) node.open = true;
  });
  form.hidden = findings.length === 0;
  apply();
  arrive();
})();
