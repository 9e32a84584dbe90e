// A new account gets the browser's time zone, so that "finished today" means today where one is.

const field = document.querySelector("#register [name=time_zone]");
if (field) field.value = Intl.DateTimeFormat().resolvedOptions().timeZone ?? "";
