package match_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"robotbailiff/payments/match"
	"robotbailiff/rules/money"
)

func TestScore(t *testing.T) {
	t.Parallel()
	known := func(id, debtor, owes int64, name string) match.Known {
		return match.Known{CaseID: id, DebtorID: debtor, Outstanding: money.FromTiyn(owes), Debtor: name}
	}
	ended := known(1, 7, 0, "Ахметов Данияр")
	ended.Ended = true
	for name, c := range map[string]struct {
		evidence match.Evidence
		cases    []match.Known
		want     string
	}{
		"one digit wrong":                {match.Evidence{Near: []int64{1, 2, 3}}, []match.Known{known(2, 7, 900, "")}, "2:50[near]"},
		"one digit wrong, and the sum":   {match.Evidence{Near: []int64{1, 2}}, []match.Known{known(1, 7, 900, ""), known(2, 8, 500, "")}, "2:75[near sum] 1:50[near]"},
		"two sound numbers":              {match.Evidence{Numbers: []int64{1, 2}}, []match.Known{known(1, 7, 900, ""), known(2, 8, 600, "")}, "1:60[number] 2:60[number]"},
		"the payer is a debtor":          {match.Evidence{Debtor: 7}, []match.Known{known(1, 7, 900, "")}, "1:40[payer]"},
		"less is asked for":              {match.Evidence{Debtor: 7}, []match.Known{known(1, 7, 300, "")}, "1:35[payer too_large]"},
		"a sum alone":                    {match.Evidence{}, []match.Known{known(1, 7, 500, "")}, ""},
		"a name and a sum alone":         {match.Evidence{Words: "за Ахметов Данияр"}, []match.Known{known(1, 7, 500, "АХМЕТОВ ДАНИЯР")}, ""},
		"a name beside the payer":        {match.Evidence{Debtor: 7, Payer: "Ахметов, Данияр К."}, []match.Known{known(1, 7, 900, "Ахметов Данияр Канатулы")}, "1:50[payer name]"},
		"another's name":                 {match.Evidence{Debtor: 7, Words: "за Ахметов Серик"}, []match.Known{known(1, 7, 900, "Ахметов Данияр")}, "1:40[payer]"},
		"a case that has ended":          {match.Evidence{Debtor: 7}, []match.Known{ended}, "1:10[payer ended]"},
		"cases that add up":              {match.Evidence{Debtor: 7}, []match.Known{known(1, 7, 200, ""), known(2, 7, 300, ""), known(3, 7, 999, "")}, "1:65[payer together too_large] 2:65[payer together too_large] 3:40[payer] split 1=2.00 2=3.00"},
		"two ways to add up":             {match.Evidence{Debtor: 7}, []match.Known{known(1, 7, 200, ""), known(2, 7, 300, ""), known(3, 7, 300, "")}, "1:35[payer too_large] 2:35[payer too_large] 3:35[payer too_large]"},
		"one case has the sum alone":     {match.Evidence{Debtor: 7}, []match.Known{known(1, 7, 500, ""), known(2, 7, 300, "")}, "1:65[payer sum] 2:35[payer too_large]"},
		"never more than five":           {match.Evidence{Debtor: 7}, []match.Known{known(1, 7, 901, ""), known(2, 7, 902, ""), known(3, 7, 903, ""), known(4, 7, 904, ""), known(5, 7, 905, ""), known(6, 7, 906, "")}, "1:40[payer] 2:40[payer] 3:40[payer] 4:40[payer] 5:40[payer]"},
		"sums of two people add nothing": {match.Evidence{Near: []int64{1, 2}}, []match.Known{known(1, 7, 200, ""), known(2, 8, 300, "")}, "1:45[near too_large] 2:45[near too_large]"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.evidence.Amount = money.FromTiyn(500)
			p := match.Score(c.evidence, c.cases)
			got := ""
			for _, x := range p.Candidates {
				got += fmt.Sprintf("%d:%d%v ", x.CaseID, x.Score, x.Whys)
			}
			if p.Split != nil {
				got += "split "
				for _, o := range p.Split {
					got += fmt.Sprintf("%d=%s ", o.CaseID, o.Outstanding)
				}
			}
			if got != "" {
				got = got[:len(got)-1]
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
