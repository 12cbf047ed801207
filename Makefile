# SPDX-License-Identifier: GPL-2.0
#
# For people; kbuild reads Kbuild. Each verb installs or builds what it lacks, once.

ifeq ($(KERNELRELEASE),)

SHELL := /bin/sh
KERNEL_ARG = $(if $(KERNEL),--kernel $(KERNEL))
# kbuild's own words must not leak into the scripts' makes.
unexport MAKEFLAGS MFLAGS

.PHONY: modules metadata run test test-packages fuzz churn bench bench-tcp lint fmt new deb doc vm shell rust-analyzer \
	clean help setup
modules:
	@$(if $(KDIR),,$(SETUP))
	@KDIR='$(KDIR)' scripts/modules $(KERNEL_ARG)

# What Debian's own kernels need is a part of the tools.
SETUP = scripts/setup $(if $(filter-out stock%,$(KERNEL)),,run)

setup:
	@scripts/setup

run:
	@$(SETUP)
	@scripts/run $(KERNEL_ARG)

metadata:
	@scripts/metadata $(KERNEL)

test: setup
	@scripts/test $(KERNEL_ARG)

fuzz: setup
	@TARGET='$(TARGET)' CASE='$(CASE)' SEED='$(SEED)' COUNT='$(COUNT)' SECONDS='$(SECONDS)' \
		INPUT='$(INPUT)' scripts/fuzz $(KERNEL_ARG)

churn: setup
	@SEED='$(SEED)' ROUNDS='$(ROUNDS)' SECONDS='$(SECONDS)' scripts/churn $(KERNEL_ARG)

bench: setup
	@WORKLOAD='$(WORKLOAD)' scripts/bench

bench-tcp: setup
	@RUN='$(RUN)' scripts/bench-tcp

lint: setup
	@scripts/lint

fmt: setup
	@scripts/lint --fmt

deb:
	@scripts/setup deb
	@scripts/deb

test-packages:
	@scripts/setup deb
	@scripts/test-packages

doc: setup
	@scripts/doc

vm:
	@$(SETUP)
	@scripts/vm $(KERNEL_ARG) $(if $(TIMEOUT),--timeout $(TIMEOUT)) $(if $(INPUT),--input) "$$CMD"
# As the user wrote it: its dollars are the shell's.
override CMD := $(value CMD)
export CMD

shell:
	@$(SETUP)
	@scripts/vm $(KERNEL_ARG) --shell

new: setup
	@scripts/new '$(NAME)' '$(KIND)'

rust-analyzer: setup
	@scripts/rust-analyzer

clean:
	rm -rf build rust-project.json

help:
	@echo 'make                   build the modules for Debian'"'"'s own kernel, and plugins for ip (build/)'
	@echo 'make KDIR=folder       build them for a kernel of your own'
	@echo 'make run               the demonstration, in a virtual machine'
	@echo 'make test              all tests, on the host, on Debian'"'"'s own kernel and on one with checkers'
	@echo 'make fuzz              input that is not quite valid, for long: TARGET=wire|classify|packets|netlink'
	@echo 'make churn             modules and all that they have come and go, for long'
	@echo 'make lint              formatting, clippy and the rules of the code'
	@echo 'make fmt               format all Rust, as make lint wants it'
	@echo 'make bench             what it costs beside C, in instructions (WORKLOAD=name: one)'
	@echo 'make bench-tcp         TCP by BBRv3, and by the kernel'"'"'s algorithms, through slow paths (RUN=name: one)'
	@echo 'make deb               packages for Debian 13 into build/deb'
	@echo 'make test-packages     install, use and remove them in a Debian 13 of its own, as root'
	@echo 'make doc               documentation into build/doc'
	@echo 'make vm CMD=command    run a command as root in a virtual machine with the modules'
	@echo '                       (INPUT=1: with the input that make has, else with none)'
	@echo 'make shell             a shell there'
	@echo 'make rust-analyzer     rust-project.json for editors'
	@echo 'make new NAME=name KIND=driver|hook|family|protocol'
	@echo '                       a module with its tests, to be changed into one of your own'
	@echo 'make clean             remove build/'
	@echo
	@echo 'make metadata          what modules for a Debian kernel are compiled with (KERNEL=release)'
	@echo
	@echo 'KERNEL=stock           which kernel, here Debian'"'"'s own, from its packages: the newest of'
	@echo '                       trixie-backports, if none is named; stock-7.2: the newest 7.2'
	@echo 'KERNEL=user|plain|debug  built here. user: user-mode Linux with KASAN, lockdep, kmemleak and'
	@echo '                       others, at the speed of the host; debug: those in QEMU, two processors;'
	@echo '                       plain: in QEMU, with inlined helpers'
	@echo 'KSRC=folder            a Linux source tree of your own, instead of the distribution'"'"'s'
	@echo 'ONLY=word,...          of make test: the selftests of these modules or files alone'
	@echo 'SEED=number            of make fuzz and churn: the same again (COUNT=, SECONDS=, ROUNDS=: how long)'
	@echo 'TIMEOUT=seconds        of make vm: how long the command may take (600)'
	@echo 'KERNET_CACHE=folder    where kernels and tools are kept (~/.cache/kernet)'
	@echo 'KERNET_KVM=0           emulate even where KVM boots the kernel'

else
include $(src)/Kbuild
endif
