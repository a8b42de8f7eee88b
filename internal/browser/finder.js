// What a screen reader would call an element, roughly, and whether it can be seen.
const roles = {
  button: 'button, [role=button], summary',
  link: 'a[href], [role=link]',
  textbox: 'input:not([type=checkbox]):not([type=range]):not([type=radio]), textarea',
  switch: '[role=switch], input[type=checkbox]',
  combobox: 'select, [role=combobox]',
  option: '[role=option]',
  heading: 'h1, h2, h3',
  listitem: 'li',
  dialog: 'dialog[open], [role=dialog], [role=alertdialog]',
  text: 'body *'
}
const nameOf = (e) =>
  e.getAttribute('aria-label') ??
  (e.labels?.length ? e.labels[0].innerText : e.innerText || e.title || e.placeholder || '')
const seen = (e) => e.checkVisibility({ visibilityProperty: true, opacityProperty: true }) && e.getClientRects().length > 0
const find = (role, name) => {
  let best = null
  for (const e of document.querySelectorAll(roles[role])) {
    const called = nameOf(e).trim()
    if (!seen(e) || !(role === 'text' || role === 'listitem' || role === 'option' ? called.includes(name) : called === name)) continue
    best = e
    if (role !== 'text') break
  }
  return best
}
window.__reachable = (e) => {
  const r = e.getBoundingClientRect()
  const hit = document.elementFromPoint(r.x + r.width / 2, r.y + r.height / 2)
  return !e.disabled && hit !== null && (e.contains(hit) || hit.contains(e))
}
