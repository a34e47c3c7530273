// What screen readers get: names in the page's language instead of Gradio's English ones, and no flood of half answers.
(words) => {
  const of = () => words[document.documentElement.lang.startsWith("zh") ? "zh" : "en"];
  const names = [
    ["[role=log]", "chat"],
    ["[data-testid=user][aria-label]", "your_question"],
    ["[data-testid=bot][aria-label]", "an_answer"],
    ["footer", "footer"],
  ];
  const name = () => {
    for (const [selector, key] of names)
      for (const element of document.querySelectorAll(selector)) {
        if (element.getAttribute("aria-label") !== of()[key]) element.setAttribute("aria-label", of()[key]);
        if (element.dataset.testid && element.role !== "group") element.role = "group"; // else it may have no name
      }
    for (const element of document.querySelectorAll(".nq-writing:not([aria-live])")) {
      element.setAttribute("aria-live", "off"); // said once when it is done, not at every word
      element.setAttribute("aria-busy", "true");
    }
  };
  new MutationObserver(name).observe(document, {
    subtree: true, childList: true, attributes: true, attributeFilter: ["aria-label", "lang"],
  });
}
