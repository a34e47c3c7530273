// Watches a page for hostile texts that get through: what ran, what the policy stopped, which elements came of them.
// Runs before anything of the page. The observer looks at each element at the moment when it is drawn within a bubble or
// a card, so that one which is there for the time of one update is found as well.
(() => {
  const seen = window.seen = {ran: [], policy: [], strange: []};
  Object.defineProperty(window, 'pwned', {set(value) { seen.ran.push(String(value)); }});
  document.addEventListener('securitypolicyviolation', (event) =>
    seen.policy.push(`${event.effectiveDirective} ${event.blockedURI} ${event.sample}`));

  const text = new Set(('div p span ul ol li blockquote hr br pre code details summary progress table thead tbody tr'
    + ' th td em strong s mark h1 h2 h3 h4 h5 h6 section article header q cite small dl dt dd').split(' '));
  const formula = new Set(('span math semantics annotation mrow mi mo mn ms mtext mspace msub msup msubsup mover munder'
    + ' munderover mfrac msqrt mroot mtable mtr mtd mstyle mpadded mphantom menclose mmultiscripts mprescripts none svg'
    + ' path line g').split(' '));
  const never = new RegExp('^(on.*|src|srcset|srcdoc|action|formaction|data|poster|background|ping|target|xlink:href'
    + '|autofocus|contenteditable|accesskey|popover|name|nonce|is|slot)$');

  const wrong = (element) => {
    const tag = element.localName, inFormula = element.closest('.katex, .katex-error, .katex-display');
    const own = /(^| )nq-/.test(element.getAttribute('class') || '');
    const href = element.getAttribute('href');
    const allowed = inFormula ? formula.has(tag)
      : text.has(tag) || (own && tag === 'button') || (tag === 'a' && own && /^#/.test(href || '#'));
    if (!allowed) return true;
    for (const {name, value} of element.attributes) {
      if (never.test(name) || (name === 'href' && !/^#/.test(value))) return true;
      if (name === 'id' && !/^nq-[\w-]+$/.test(value)) return true;
      if (name === 'style' && (!inFormula || /url|expression|fixed|sticky/.test(value))) return true;
    }
    return false;
  };
  const region = '#nq-chat .message-content, #nq-sources .nq-sources';
  new MutationObserver((records) => {
    for (const record of records) for (const node of record.addedNodes) {
      if (node.nodeType !== Node.ELEMENT_NODE) continue;
      for (const element of [node, ...node.querySelectorAll('*')])
        if (element.parentElement?.closest(region) && wrong(element)) seen.strange.push(element.outerHTML.slice(0, 300));
    }
  }).observe(document, {childList: true, subtree: true});

  // Of the whole page, wherever an element may have got to.
  window.leaks = (tracker) => [...document.querySelectorAll('*')].filter((element) =>
    [...element.attributes].some(({name, value}) =>
      (name.startsWith('on') && value.includes('pwned'))
      || (/^(src|srcset|href|xlink:href|action|formaction|data|poster|style|srcdoc|content|background)$/.test(name)
          && [tracker, 'pwned'].some((word) => value.includes(word))))
    || (/^(script|style|iframe)$/.test(element.localName) && [tracker, 'pwned'].some((word) => element.textContent.includes(word))))
    .map((element) => element.outerHTML.slice(0, 300));
  window.twice = () => {
    const ids = [...document.querySelectorAll('[id]')].map((element) => element.id).filter((id) => id);
    return ids.filter((id, at) => ids.indexOf(id) !== at);
  };
  window.covered = (selector) => {
    const element = document.querySelector(selector), box = element.getBoundingClientRect();
    const top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
    return !(top && (element.contains(top) || top.contains(element)));
  };
})();
