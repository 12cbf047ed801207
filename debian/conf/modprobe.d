# SPDX-License-Identifier: GPL-2.0
# Options of kernet's modules, and what is not to be loaded; see kernet(7) and modprobe.d(5).
#
# No module that `ip link add type etherip` could load by itself:
#blacklist etherip
#install etherip /bin/false
