# SPDX-License-Identifier: GPL-2.0
# Modules of kernet that are loaded when the system starts, one a line; see modules-load.d(5).
# `ip link add type vpair` (or etherip, siit, sink) and who asks for the family of linkwatch or ect load what they
# need by themselves.
#
#firewall
#linkwatch
#ect
