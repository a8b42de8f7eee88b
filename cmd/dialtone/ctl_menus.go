package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"dialtone/pbx/api"
)

type ctlMenus struct {
	Reset bool `help:"Begin to count from nothing."`
}

// Help is part of dialtone ctl menus --help.
func (ctlMenus) Help() string {
	return `What callers did in the menus of the dialplan: which keys they pressed, how often they pressed nothing or what is no choice, and how many hung up instead of choosing. It is counted in memory, since the start or the last reset; a reload changes nothing. What one caller did is in the record of its call (dialtone ctl cdr).

    dialtone ctl menus
    dialtone ctl menus --reset`
}

// Run prints or resets the counts.
func (c ctlMenus) Run(ctx context.Context, t terminal, ctl *ctlCommand) error {
	client, err := ctl.client()
	if err != nil {
		return err
	}
	if c.Reset {
		if err := client.ResetMenus(ctx); err != nil {
			return err
		}
		_, err := fmt.Fprintln(t.out, "Counting begins anew.")
		return err
	}
	menus, err := client.Menus(ctx)
	if err != nil {
		return err
	}
	if ctl.JSON {
		return t.printJSON(menus)
	}
	status, err := client.Status(ctx)
	if err != nil {
		return err
	}
	return t.printMenus(menus, siteZone(status))
}

func (t terminal) printMenus(m api.Menus, zone *time.Location) error {
	if len(m.Menus) == 0 {
		_, err := fmt.Fprintln(t.out, "The configuration has no menus.")
		return err
	}
	rows := table{head: []string{"MENU", "CHOICE", "CALLERS"}}
	for _, menu := range m.Menus {
		rows.add(menu.Menu, "(entered)", strconv.FormatUint(menu.Entered, 10))
		for _, key := range slices.Sorted(maps.Keys(menu.Keys)) {
			rows.add(menu.Menu, key, strconv.FormatUint(menu.Keys[key], 10))
		}
		for _, other := range []struct {
			what  string
			count uint64
		}{
			{"(an extension)", menu.Extensions},
			{"(nothing)", menu.Timeouts},
			{"(no choice)", menu.Invalid},
			{"(too many tries)", menu.Failed},
			{"(hung up)", menu.HungUp},
		} {
			if other.count > 0 {
				rows.add(menu.Menu, other.what, strconv.FormatUint(other.count, 10))
			}
		}
	}
	if err := rows.write(t.out); err != nil {
		return err
	}
	_, err := fmt.Fprintln(t.out, "Counted since "+m.Since.In(zone).Format(time.DateTime)+".")
	return err
}
