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
// Where the mouse clicks on an element, nothing while it cannot. What misses it, as it moves
// meanwhile or is replaced before, hits nothing else; __missed says so, also when nothing came.
window.__aim = (e) => {
  e.scrollIntoView({ block: 'nearest' })
  const r = e.getBoundingClientRect()
  const [X, Y] = [r.x + r.width / 2, r.y + r.height / 2]
  const top = document.elementFromPoint(X, Y)
  if (e.disabled || top === null || !(e.contains(top) || top.contains(e))) return null
  window.__missed = true
  const kinds = ['pointerdown', 'mousedown', 'pointerup', 'mouseup', 'click']
  const see = (event) => {
    const hits = e.contains(event.target) || event.target === top
    if (event.type === kinds[0]) window.__missed = !hits
    else window.__missed ||= e.isConnected && !hits
    if (window.__missed) {
      event.preventDefault()
      event.stopImmediatePropagation()
    }
    if (event.type === 'click') window.__rest() // a label has a click of its own follow
  }
  window.__rest?.()
  window.__rest = () => kinds.forEach((kind) => window.removeEventListener(kind, see, true))
  kinds.forEach((kind) => window.addEventListener(kind, see, true))
  return { X, Y }
}
