// The console works without this module. It answers what-if questions while one types
// or slides, and keeps the overview fresh; words, numbers and markup all come from the server.

const parser = new DOMParser();

async function fetched(url) {
  const answer = await fetch(url, { headers: { Accept: "text/html" } });
  return answer.ok ? parser.parseFromString(await answer.text(), "text/html") : null;
}

function adopt(place, page, selector) {
  const fresh = page?.querySelector(selector);
  if (fresh) place.replaceChildren(...document.importNode(fresh, true).childNodes);
}

for (const slider of document.querySelectorAll("input[type=range][data-for]")) {
  const number = document.getElementById(slider.dataset.for);
  const told = () => slider.setAttribute("aria-valuetext", `${slider.value} ${slider.dataset.unit}`.trim());
  const follow = () => {
    const value = Number(number.value.replace(",", "."));
    if (number.value.trim() && Number.isFinite(value)) slider.value = value;
    told();
  };
  slider.addEventListener("input", () => {
    number.value = slider.value;
    told();
  });
  number.addEventListener("input", follow);
  slider.hidden = false;
  follow();
}

for (const form of document.querySelectorAll("form[data-live]")) {
  const place = document.getElementById(form.dataset.live);
  let waiting = 0;
  let asked = 0;
  const ask = async () => {
    const mine = ++asked;
    const url = new URL(form.action);
    url.search = new URLSearchParams(new FormData(form));
    const page = await fetched(url).catch(() => null);
    if (mine !== asked || !page) return;
    adopt(place, page, `#${CSS.escape(place.id)}`);
    history.replaceState(null, "", url);
  };
  form.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(ask, 250);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    ask();
  });
}

for (const place of document.querySelectorAll("[data-refresh]")) {
  setInterval(async () => {
    if (document.hidden || place.contains(document.activeElement)) return;
    adopt(place, await fetched(location.href).catch(() => null), "[data-refresh]");
  }, Number(place.dataset.refresh) * 1000);
}
