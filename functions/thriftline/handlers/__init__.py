from thriftline.core import cold_start

cold_start.begin()  # which the entry point ends
