// What a browser with scripts does beside the page, which needs none of it: the code in the address is handed in, and
// an upgrade that goes on is read again. Everything it shows is the page's own, loaded again.
"use strict";

function logIn() {
    const form = document.getElementById("login");
    const code = /^#t=([0-9a-f]{32})$/.exec(location.hash);
    if (!form || !code) return;
    // Before anything else: it is not to stay in the history.
    history.replaceState(null, "", location.pathname);
    document.getElementById("code").value = code[1];
    form.requestSubmit();
}

function follow() {
    const live = document.getElementById("live");
    const pause = document.getElementById("pause");
    const lost = document.getElementById("lost");
    if (!live || !pause || live.dataset.moves !== "yes") return;
    const [stop, go] = [pause.textContent, pause.dataset.goOn];
    let paused = false;

    const toTheEnd = () => {
        const log = document.getElementById("log");
        log.scrollTop = log.scrollHeight;
    };

    // Only what has changed: an assistive technology reads a region again whenever it is written.
    const show = (fresh) => {
        const log = document.getElementById("log");
        const wasAtEnd = log.scrollTop + log.clientHeight >= log.scrollHeight - 8;
        for (const id of ["said", "progress", "steps", "log", "next"]) {
            const [old, now] = [document.getElementById(id), fresh.getElementById(id)];
            if (old && now && old.textContent !== now.textContent) old.replaceChildren(...now.childNodes);
        }
        if (wasAtEnd) toTheEnd();
    };

    const turn = async () => {
        if (!paused) {
            try {
                const answer = await fetch(location.pathname, { credentials: "same-origin", redirect: "error" });
                // Logged out meanwhile: the page itself says so.
                if (answer.status === 403) return location.reload();
                const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
                const now = fresh.getElementById("live");
                if (!now) throw new Error("no upgrade");
                // Another upgrade of the way, or the first that begins: its heading is another.
                const heading = (page) => page.querySelector("h1").textContent;
                if (heading(fresh) !== heading(document)) return location.reload();
                lost.hidden = true;
                show(fresh);
                live.dataset.moves = now.dataset.moves;
                if (now.dataset.moves !== "yes") {
                    pause.hidden = true;
                    return;
                }
            } catch (problem) {
                lost.hidden = false;
            }
        }
        setTimeout(turn, 1000);
    };

    pause.hidden = false;
    pause.addEventListener("click", () => {
        paused = !paused;
        pause.textContent = paused ? go : stop;
    });
    toTheEnd();
    setTimeout(turn, 1000);
}

logIn();
follow();
