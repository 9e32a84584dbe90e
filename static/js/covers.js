// A picture that cannot be had makes way for the drawn cover below it.

const drop = (image) => { if (image.matches?.(".cover img")) image.remove(); };

document.addEventListener("error", (event) => drop(event.target), true);
for (const image of document.querySelectorAll(".cover img")) if (image.complete && !image.naturalWidth) drop(image);
