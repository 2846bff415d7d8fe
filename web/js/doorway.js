// Leaves the address that has a token, and keeps the page that its fragment names.
location.replace(`/${location.hash}`);
