// MDN's chat application. What others have written is only ever text here: see `entry`.

import { connect, hasStream } from "./connection.js";

const $ = (id) => document.getElementById(id);

const FIRST_DELAY = 250; // in ms, before the first attempt to connect again
const LONGEST_DELAY = 15_000;
const MOST_ENTRIES = 500;

let connection = null; // while there is one, open or not
let isOpen = false;
let clientID = 0;
let wanted = null; // { name, room } once logged in
let delay = FIRST_DELAY;
let timer = 0;

function show(state, text) {
  $("state").dataset.state = state;
  $("state").textContent = text;
}

// Adds a line: strings are text, elements are made by `em` and `strong` below.
function entry(kind, ...parts) {
  const item = document.createElement("li");
  item.className = kind;
  item.append(...parts);
  const list = $("messages");
  const wasAtEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
  list.append(item);
  while (list.childElementCount > MOST_ENTRIES) {
    list.firstElementChild.remove();
  }
  if (wasAtEnd) {
    list.scrollTop = list.scrollHeight;
  }
}

function element(tag, text) {
  const made = document.createElement(tag);
  made.textContent = text;
  return made;
}

function at(date) {
  const time = element("time", new Date(date).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" }));
  time.dateTime = new Date(date).toISOString();
  return time;
}

function receive(text) {
  const msg = JSON.parse(text);
  switch (msg.type) {
    case "id":
      clientID = msg.id;
      tell({ type: "username", name: wanted.name });
      break;
    case "username":
      entry("news", at(msg.date), " User ", element("em", msg.name), " signed in.");
      break;
    case "message":
      entry(msg.id === clientID ? "own" : "other", at(msg.date), " ", element("strong", msg.name), " ", element("span", msg.text));
      break;
    case "rejectusername":
      wanted.name = msg.name;
      entry("news", "Your name is ", element("em", msg.name), ": the one you chose is in use.");
      break;
    case "userlist":
      $("userlist").replaceChildren(...msg.users.map((user) => element("li", user)));
      break;
  }
}

function tell(msg) {
  connection.send(JSON.stringify({ ...msg, id: clientID, date: Date.now() }));
}

function open() {
  clearTimeout(timer);
  const url = new URL("/chat", location.href);
  url.protocol = url.protocol.replace("http", "ws");
  url.searchParams.set("room", wanted.room);
  const own = (connection = connect(url.href, $("stream").checked));
  show("connecting", `connecting by ${own.kind} …`);
  own.onopen = () => {
    isOpen = true;
    $("send").disabled = false;
    show("open", `connected by ${own.kind}`);
  };
  own.onmessage = (text) => {
    delay = FIRST_DELAY; // it works
    receive(text);
  };
  own.onclose = (code, reason) => {
    if (connection !== own) {
      return; // another took its place
    }
    connection = null;
    isOpen = false;
    $("send").disabled = true;
    $("userlist").replaceChildren();
    const wait = delay * (0.5 + Math.random() / 2); // not all at the same time
    delay = Math.min(delay * 2, LONGEST_DELAY);
    show("closed", `closed with ${code}${reason && ` (${reason})`}; again in ${(wait / 1000).toFixed(1)} s`);
    timer = setTimeout(open, wait);
  };
}

// Leaves one connection for another.
function reopen() {
  const old = connection;
  connection = null;
  isOpen = false;
  old?.close();
  delay = FIRST_DELAY;
  open();
}

$("login").addEventListener("submit", (event) => {
  event.preventDefault();
  wanted = { name: $("name").value.trim(), room: $("room").value.trim() };
  $("login").hidden = true;
  $("chat").hidden = false;
  document.title = `${wanted.room} – sansws chat`;
  $("text").focus();
  open();
});

$("say").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = $("text").value;
  if (text && isOpen) {
    tell({ type: "message", text });
    $("text").value = "";
  }
});

$("choice").hidden = !hasStream;
$("stream").addEventListener("change", () => wanted && reopen());
$("room").value = new URLSearchParams(location.search).get("room") ?? $("room").value;
addEventListener("pagehide", () => connection?.close());
