// Keeps the page's address at the conversation that it shows, so that a reload continues it and a second tab has its own.
(() => {
  const follow = () => {
    const shown = document.querySelector("#nq-address code")?.textContent;
    const address = new URL(window.location.href);
    if (!shown || address.searchParams.get("c") === shown) return;
    address.searchParams.set("c", shown);
    window.history.replaceState(window.history.state, "", address);
  };
  document.addEventListener("DOMContentLoaded", follow);
  new MutationObserver(follow).observe(document.documentElement, { childList: true, subtree: true, characterData: true });
})();
