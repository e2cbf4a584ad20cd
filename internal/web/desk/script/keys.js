// Keyboard shortcuts of the desk; /desk/keys lists them and switches them off. They do nothing while somebody types, with Ctrl, Alt or the
// system key, or for rooms that the visitor may not open: a key only does what a link or a box of the page does.
"use strict";
(() => {
  const rooms = { t: "/desk/", c: "/desk/cases", d: "/desk/deadlines" };
  const field = "input, textarea, select, [contenteditable]";
  const wait = 1500; // how long the second key may take
  let since = -wait;

  // On a keyboard of another script the key that stands there counts: G is П on a Russian one.
  const letter = (e) => (/^[a-z]$/i.test(e.key) ? e.key.toLowerCase() : /^Key[A-Z]$/.test(e.code) ? e.code[3].toLowerCase() : "");
  const slash = (e, shift) => e.key === (shift ? "?" : "/") || (e.code === "Slash" && e.shiftKey === shift && !/^[ -~]$/.test(e.key));
  const box = () => document.querySelector("form[role=search] input[name=q]");
  const room = (path) => document.querySelector(`.rooms nav a[href="${path}"]`);

  const does = (e) => {
    const second = e.timeStamp - since < wait;
    since = -wait;
    if (second) return room(rooms[letter(e)]);
    if (slash(e, true)) return document.querySelector('a[href="/desk/keys"]');
    if (slash(e, false)) return box() || room("/desk/cases");
    if (letter(e) === "g" && !e.shiftKey) since = e.timeStamp;
    return null;
  };

  document.addEventListener("keydown", (e) => {
    if (e.defaultPrevented || e.isComposing || e.repeat || e.ctrlKey || e.altKey || e.metaKey || e.key === "Shift") return;
    if (e.target instanceof Element && e.target.closest(field)) return;
    const what = does(e);
    if (!what) return;
    e.preventDefault();
    if (what.matches("a")) what.click();
    else what.focus();
  });
})();
